// Intra-modal relations of two entities, in whichever direction they are stored. Nothing but an entity of the modality is related so.
MATCH (:`Modality` {id: $id})-[relation]-(other)
WHERE other.id = $other
RETURN type(relation) AS type, relation.weight AS weight
ORDER BY type
