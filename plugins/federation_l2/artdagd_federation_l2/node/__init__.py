"""The node's side of federation: it signs people in, publishes, and is an actor among others."""
