// The entities of a modality that most hyperedges join.
MATCH (entity:`Modality`)
WITH entity,
     COUNT { (entity)<-[:MEMBER]-(:Hyperedge) } AS degree
ORDER BY degree DESC, entity.id LIMIT 10
RETURN coalesce(entity.name, entity.id) AS name,
       degree
