"""From streams to a file: what a delivery or an intermediate wants, and the one encode."""
