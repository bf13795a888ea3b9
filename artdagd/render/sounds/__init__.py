"""Sound worked on as numbers, block by block; and pictures of it."""
