CREATE CONSTRAINT `hyperedge_id` IF NOT EXISTS
FOR (hyperedge:`HyperedgeType`) REQUIRE hyperedge.id IS UNIQUE
