"""Tables into records."""
