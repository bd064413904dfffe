// Intra-modal relations of two entities, in whichever direction they are stored.
MATCH (:`Modality` {id: $id})-[relation]-(other:`Modality`)
WHERE other.id = $other AND type(relation) IN $types
RETURN type(relation) AS type, relation.weight AS weight
ORDER BY type
