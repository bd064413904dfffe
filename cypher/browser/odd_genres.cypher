// Which films of 1999 are said to be of an odd genre? By the model's own score of Direction (film, director, genre), given the film
// and its director, another genre is so many times as likely as the one that stands there. `hyperlearn outliers movies` asks this of
// every position of every hyperedge; here it is one position and one year, since each genre of each film is scored.
MATCH (run:EmbeddingRun {dataset: 'movies', status: 'published'})-[:LEARNED]->(asked:LearnedPosition {type: 'Direction', position: 2})
MATCH (run)-[:LEARNED]->(first:LearnedPosition {type: 'Direction', position: 0})
MATCH (run)-[:LEARNED]->(second:LearnedPosition {type: 'Direction', position: 1})
MATCH (genre:Genre)
WITH asked, first, second, 'embedding' + run.slot AS vector,
     collect({genre: genre, vector: genre['embedding' + run.slot], bias: genre['biases' + run.slot][asked.bias]}) AS genres
MATCH (film:Movie {year: 1999})<-[:MEMBER {position: 0}]-(direction:Direction)-[:MEMBER {position: 1}]->(director:Director)
MATCH (direction)-[:MEMBER {position: 2}]->(genre:Genre)
WITH asked, first, second, genres, film, director, film[vector] AS one, director[vector] AS other, collect(genre) AS own
WITH genres, film, director, own,
     [d IN range(0, size(one) - 1) | asked.scale[d] * (
       (first.centre[d] + one[d]) * (second.centre[d] + other[d]) - first.centre[d] * second.centre[d])] AS context
UNWIND genres AS candidate
WITH film, director, own, candidate.genre AS genre,
     reduce(score = candidate.bias, d IN range(0, size(context) - 1) | score + context[d] * candidate.vector[d]) AS score
ORDER BY score DESC
WITH film, director, own, collect({genre: genre, score: score}) AS scored
WITH film, director, [each IN scored WHERE each.genre IN own] AS standing, [each IN scored WHERE NOT each.genre IN own][0] AS expected
UNWIND standing AS odd
RETURN film.name AS film, director.name AS director, odd.genre.name AS genre, expected.genre.name AS expected,
       exp(expected.score - odd.score) AS times
ORDER BY times DESC LIMIT 10
