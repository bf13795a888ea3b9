"""Workers: the messages, the daemon's side (dispatch, broker, supervisor) and the worker's side (worker, tasks)."""
