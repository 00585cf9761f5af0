"""What the shop does, apart from HTTP and SQL."""
