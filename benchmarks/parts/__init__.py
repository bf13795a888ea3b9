"""Programs that benchmarks start: the peers, and what of ours needs a process of its own."""
