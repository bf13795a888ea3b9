"""``artdag-registry``: a small registry (L2) by docs/federation.md, for tests and for a collective to start with."""
