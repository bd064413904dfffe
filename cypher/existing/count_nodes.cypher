MATCH (node:`Existing`)
RETURN count(node) AS nodes
