// What the last ingests left of each table: the number of its rows, of the parts of its digests, of those that hold changes, and of
// the rows in these. A table whose rows are being written is not there.
MATCH (:Dataset {name: $dataset})-[:HAS_TABLE]->(table:IngestedTable)
WHERE table.rows IS NOT NULL
OPTIONAL MATCH (table)-[:HAS_PART]->(part:IngestedPart)
RETURN table.key AS key, table.rows AS rows, count(part) AS parts, count(part.changed) AS changes, sum(part.changed) AS changed
