// One record per entity, with all the relations that are stored from it.
MATCH (source:`Modality`)
RETURN COLLECT {
  MATCH (source)-[relation:`RELATION_TYPE`]->(target:`Modality`)
  RETURN [source.id, target.id, relation.weight]
} AS relations
