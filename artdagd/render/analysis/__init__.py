"""Media as arrays, for analyzers."""
