// Nodes that carry a label of ours and are not ours: our entities are :Entity, our hyperedges :Hyperedge.
MATCH (node:`Label`)
WHERE NOT $kind IN labels(node)
RETURN count(node) AS foreign
