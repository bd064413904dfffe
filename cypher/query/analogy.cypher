// The index gives candidates, roughly nearest to what is sought; the exact cosine, shrunk where few hyperedges tell of one, puts
// them in order. Those that were asked with are not among them.
CALL db.index.vector.queryNodes($index, $candidates, $vector) YIELD node AS found
WHERE NOT found.id IN $known
WITH found, 2 * vector.similarity.cosine($vector, found.`embedding`) - 1 AS cosine,
     COUNT { (found)<-[:MEMBER]-() } + 1.0 AS known
WITH found, (1 + cosine * known / (known + $doubt)) / 2 AS score
ORDER BY score DESC, found.id
LIMIT $k
RETURN found.id AS id, coalesce(found.name, found.id) AS name, score, [property IN $properties | found[property]] AS properties
