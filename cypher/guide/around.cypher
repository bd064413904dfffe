// An entity in the middle of its hyperedges.
MATCH path = (:`Modality` {`key`: $who})
  <-[:MEMBER]-(:Hyperedge)-[:MEMBER]->(:Entity)
RETURN path LIMIT 40
