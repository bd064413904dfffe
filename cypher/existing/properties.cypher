// Which properties the nodes of a label have: how many have each, and of which types.
MATCH (node:`Existing`)
UNWIND keys(node) AS name
RETURN name, count(*) AS nodes, collect(DISTINCT valueType(node[name])) AS types
ORDER BY name
