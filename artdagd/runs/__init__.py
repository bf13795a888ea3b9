"""Runs: the three phases (analyze, plan, execute), their state, their events, and what a run leaves behind."""
