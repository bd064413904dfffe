// Relations that go out from the nodes of a label: how many, by type and the other's labels, and how many nodes are at each end.
MATCH (node:`Existing`)-[relation]->(other)
UNWIND labels(other) AS label
RETURN type(relation) AS type, label, count(relation) AS relations, count(DISTINCT node) AS sources, count(DISTINCT other) AS targets,
       count(CASE WHEN node = other THEN 1 END) AS loops
ORDER BY type, label
