// One page, a list per column: all relations that are stored from the entities between two ids.
MATCH (source:`Modality`)
USING INDEX source:`Modality`(id)
WHERE $first <= source.id <= $last
MATCH (source)-[relation:`RELATION_TYPE`]->(target:`Modality`)
RETURN collect(source.id) AS source, collect(target.id) AS target, collect(relation.weight) AS weight
