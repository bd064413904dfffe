MATCH (:`Modality`)-[relation:`RELATION_TYPE`]->()
RETURN count(relation) AS rows
