"""The media engine of a worker. Imports av and numpy; the daemon never imports this package."""
