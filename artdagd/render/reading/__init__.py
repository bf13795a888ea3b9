"""From a file to streams: what it holds, when each picture stands, which way up, in which colours."""
