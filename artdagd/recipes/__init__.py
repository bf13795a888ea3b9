"""YAML text -> :class:`~artdagd.recipes.model.Recipe`, with line and column for every error."""
