MATCH (dataset:Dataset)
WHERE dataset.description IS NOT NULL
RETURN dataset.name AS name, dataset.description AS description, dataset.counts AS counts
ORDER BY name
