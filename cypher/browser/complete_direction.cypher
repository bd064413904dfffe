// Who would direct a thriller? By the model's own score of Direction (film, director, genre), the film being nobody's in particular.
// Other names work as well; for another type, name its positions.
MATCH (run:EmbeddingRun {dataset: 'movies', status: 'published'})-[:LEARNED]->(asked:LearnedPosition {type: 'Direction', position: 1})
MATCH (run)-[:LEARNED]->(film:LearnedPosition {type: 'Direction', position: 0})
MATCH (run)-[:LEARNED]->(genre:LearnedPosition {type: 'Direction', position: 2})
MATCH (thriller:Genre {name: 'Thriller'})
WITH run, asked, 'embedding' + run.slot AS vector,
     [d IN range(0, run.embeddingDim - 1) | asked.scale[d] * (
       (film.centre[d] + film.average[d]) * (genre.centre[d] + thriller['embedding' + run.slot][d])
       - film.centre[d] * genre.centre[d])] AS context
MATCH (director:Director)
WITH director, reduce(score = director['biases' + run.slot][asked.bias],
       d IN range(0, size(context) - 1) | score + context[d] * director[vector][d]) AS score
RETURN director.name AS director, score ORDER BY score DESC LIMIT 10
