// Which labels the nodes of a label have, with how many do; its own among them.
MATCH (node:`Existing`)
UNWIND labels(node) AS label
RETURN label, count(*) AS nodes
ORDER BY label
