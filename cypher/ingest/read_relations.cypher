MATCH (source:`Modality`)-[relation:`RELATION_TYPE`]->(target:`Modality`)
RETURN source.id AS source, target.id AS target, relation.weight AS weight
