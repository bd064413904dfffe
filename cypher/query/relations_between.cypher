// Intra-modal relations of two entities, in whichever direction they are stored. Those of the types are ours, inside the modality.
MATCH (:`Modality` {id: $id})-[relation]-(other)
WHERE other.id = $other AND type(relation) IN $types
RETURN type(relation) AS type, relation.weight AS weight
ORDER BY type
