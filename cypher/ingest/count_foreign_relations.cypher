// Relations of the user's own, of a type that ours are to have.
MATCH (:`Existing`)-[relation:`RELATION_TYPE`]-()
WHERE relation.ingest IS NULL
RETURN count(DISTINCT relation) AS foreign
