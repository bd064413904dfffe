// A constraint has an index of its own name.
SHOW INDEXES YIELD name
