"""The client that a node hands out at ``/download/client``: one file that needs nothing but Python."""
