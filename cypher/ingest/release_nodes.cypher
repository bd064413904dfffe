// Adopted nodes are entities no more, and have what they had before. Their hyperedges and relations of ours go.
UNWIND $batch.rows AS id
MATCH (entity:`Modality` {id: id})
CALL (entity) {
  MATCH (entity)<-[:MEMBER]-(hyperedge:Hyperedge)
  DETACH DELETE hyperedge
}
CALL (entity) {
  MATCH (entity)-[relation]-()
  WHERE type(relation) IN $types AND relation.ingest IS NOT NULL
  DELETE relation
}
REMOVE entity:Entity:`Modality`
SET entity += $gone
