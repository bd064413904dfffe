// The ten films nearest to one, by the run that is served. Another title works as well.
MATCH (:Dataset {name: 'movies'})-[:HAS_RUN]->(run:EmbeddingRun {status: 'published'})
MATCH (source:Movie {name: 'Fight Club'})
WITH run, source, source['embedding' + run.slot] AS vector
CALL db.index.vector.queryNodes('movie_embedding_' + toLower(run.slot), 200, vector) YIELD node AS movie
WHERE movie <> source
WITH movie, vector.similarity.cosine(vector, movie['embedding' + run.slot]) AS score
ORDER BY score DESC, movie.id
LIMIT 10
RETURN movie.name AS film, movie.year AS year, score
