"""What a recipe may use: built-in step types, and the catalogue that joins them with plugins' parts."""
