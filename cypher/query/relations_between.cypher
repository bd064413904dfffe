// Intra-modal relations of two entities, in whichever direction they are stored.
MATCH (one:`Modality` {id: $id})
WITH one
MATCH (one)-[relation]-(:`Modality` {id: $other})
RETURN type(relation) AS type, relation.weight AS weight
ORDER BY type
