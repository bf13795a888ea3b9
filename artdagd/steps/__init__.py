"""What a recipe may use: the built-in step types, and the catalogue that joins them with plugins' effects and analyzers."""
