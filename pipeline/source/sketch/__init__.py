"""A first data set file for tables that nobody has described yet."""
