"""artdagd: a render node for art. Recipes in, content-addressed media out."""

__version__ = "0.1.0"
