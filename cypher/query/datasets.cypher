// The data sets of this database; counts are there once an ingest has ended.
MATCH (dataset:Dataset)
WHERE dataset.description IS NOT NULL
RETURN dataset.name AS name, dataset.description AS description, dataset.counts AS counts,
       coalesce(dataset.ingest, 0) AS ingest, dataset.fingerprint AS fingerprint, dataset.state AS state,
       toString(dataset.ingestedAt) AS ingestedAt, dataset.choice AS choice,
       coalesce(dataset.fixedNames, []) AS fixedNames, dataset.copiedRun AS copiedRun
ORDER BY name
