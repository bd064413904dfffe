// Whether a property that all nodes of a label have tells them apart as a key does: a text of some length, without space at its ends.
MATCH (node:`Existing`)
WITH toStringOrNull(node.`existingKey`) AS value
RETURN count(DISTINCT value) AS values, count(CASE WHEN value = '' OR value =~ '(?sU)\\s.*|.*\\s' THEN 1 END) AS odd,
       max(size(value)) AS longest
