// The ten films nearest to one, by the run that is served; less so where few hyperedges tell of a film. Another title works as well.
MATCH (movie:Movie {name: 'Fight Club'}) MATCH (served:ServedVectors {label: 'Movie'})
CALL db.index.vector.queryNodes(served.index, 200, movie[served.property]) YIELD node, score AS nearness
WHERE node <> movie
WITH node, 2 * nearness - 1 AS cosine, COUNT { (node)<-[:MEMBER]-() } + 1.0 AS known
RETURN node.name AS film, node.year AS year, (1 + cosine * known / (known + 3)) / 2 AS score ORDER BY score DESC LIMIT 10
