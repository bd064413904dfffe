// Which film is to Akira Kurosawa what Psycho is to Alfred Hitchcock? The nearest to what the two differ by, added to the other; less
// so where few hyperedges tell of a film. Other names work as well.
MATCH (one:Director {name: 'Alfred Hitchcock'}), (its:Movie {name: 'Psycho', year: 1960}), (other:Director {name: 'Akira Kurosawa'})
MATCH (directors:ServedVectors {label: 'Director'}) MATCH (films:ServedVectors {label: 'Movie'})
WITH its, films, [one[directors.property], its[films.property], other[directors.property]] AS vectors
WITH its, films, [vector IN vectors | [length IN [sqrt(reduce(sum = 0.0, x IN vector | sum + x * x))] | [x IN vector | x / length]][0]] AS units
WITH its, films, [d IN range(0, size(units[0]) - 1) | units[1][d] - units[0][d] + units[2][d]] AS sought
CALL db.index.vector.queryNodes(films.index, 200, sought) YIELD node, score AS nearness
WHERE node <> its
WITH node, 2 * nearness - 1 AS cosine, COUNT { (node)<-[:MEMBER]-() } + 1.0 AS known
RETURN node.name AS film, node.year AS year, (1 + cosine * known / (known + 3)) / 2 AS score ORDER BY score DESC LIMIT 10
