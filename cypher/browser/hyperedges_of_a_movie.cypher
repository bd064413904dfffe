// A film in the middle of its hyperedges: who and what it is joined with, and by which.
MATCH path = (:Movie {name: 'Fight Club'})<-[:MEMBER]-(:Hyperedge)-[:MEMBER]->(:Entity)
RETURN path
LIMIT 100
