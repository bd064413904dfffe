// All indexes, also those that others made.
SHOW INDEXES YIELD name, type, state, labelsOrTypes, properties, options
RETURN name, type, state, labelsOrTypes AS labels, properties, options.indexConfig['vector.dimensions'] AS dimensions
