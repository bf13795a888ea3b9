"""Planning: a recipe, its inputs' CIDs and facts, and the analyses become a plan. Pure; no I/O, no media."""
