// How many hyperedges of a type came, or changed, since an ingest.
MATCH (hyperedge:`HyperedgeType`)
WHERE hyperedge.ingest > $ingest
RETURN count(hyperedge) AS hyperedges
