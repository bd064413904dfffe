MATCH (node:`Label`)
RETURN count(node) AS nodes
