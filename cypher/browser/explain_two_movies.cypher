// Why two films are near: the people that both have, with the hyperedges that say so. Other titles work as well.
MATCH (one:Movie {name: 'Fight Club'}) MATCH (other:Movie {name: 'Panic Room'})
MATCH path = (one)<-[:MEMBER]-(:Hyperedge)-[:MEMBER]->(shared:Director|Actor|Writer)<-[:MEMBER]-(:Hyperedge)-[:MEMBER]->(other)
RETURN path
LIMIT 50
