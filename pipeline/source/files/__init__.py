"""Files of tables, whatever their format, as raw tables of the store."""
