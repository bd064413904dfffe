// Who stands at a position of a hyperedge, given the others: context · vector + bias, the model's own score, and the share that its
// exponential has in that of all.
MATCH (entity:`Modality`)
WHERE entity.`embedding` IS NOT NULL AND entity.`biases` IS NOT NULL
WITH entity, entity.`embedding` AS vector, entity.`biases`[$bias] AS bias
WITH entity, reduce(score = bias, d IN range(0, size($context) - 1) | score + $context[d] * vector[d]) AS score
WITH collect({entity: entity, score: score}) AS all, max(score) AS most
WITH all, most + log(reduce(total = 0.0, one IN all | total + exp(one.score - most))) AS total
UNWIND all AS one
WITH one.entity AS entity, one.score AS score, exp(one.score - total) AS share
WHERE NOT entity.id IN $hidden
ORDER BY score DESC, entity.id
LIMIT $k
RETURN entity.id AS id, coalesce(entity.name, entity.id) AS name, score, share, [property IN $properties | entity[property]] AS properties
