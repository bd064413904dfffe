// The ten films nearest to one, by the run that is served. Another title works as well.
MATCH (movie:Movie {name: 'Fight Club'}) MATCH (served:ServedVectors {label: 'Movie'})
CALL db.index.vector.queryNodes(served.index, 200, movie[served.property]) YIELD node, score
WHERE node <> movie RETURN node.name AS film, node.year AS year, score ORDER BY score DESC LIMIT 10
