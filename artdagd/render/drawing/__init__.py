"""Pictures worked on as arrays: patterns, letters, and all that libavfilter can't draw."""
