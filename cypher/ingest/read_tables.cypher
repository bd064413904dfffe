// What the last ingests left of each table: the number of its rows. A table whose rows are being written is not there.
MATCH (:Dataset {name: $dataset})-[:HAS_TABLE]->(table:IngestedTable)
WHERE table.rows IS NOT NULL
RETURN table.key AS key, table.rows AS rows
