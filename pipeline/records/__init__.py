"""Tables on their way from a source to the database: staged on disk, checked, compared."""
