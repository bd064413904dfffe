// An entity and those that an intra-modal relation ties it to.
MATCH path = (:`Modality` {`key`: $who})
  -[:`RELATION_TYPE`]-(:`Modality`)
RETURN path LIMIT 40
