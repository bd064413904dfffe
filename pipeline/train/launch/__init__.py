"""Training from directory to directory, on worker processes."""
