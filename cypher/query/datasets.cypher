// The data sets of this database; counts are there once an ingest has ended.
MATCH (dataset:Dataset)
WHERE dataset.description IS NOT NULL
RETURN dataset.name AS name, dataset.description AS description, dataset.counts AS counts,
       coalesce(dataset.ingest, 0) AS ingest, dataset.fingerprint AS fingerprint,
       toString(dataset.ingestedAt) AS ingestedAt
ORDER BY name
