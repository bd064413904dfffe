CREATE CONSTRAINT dataset_name IF NOT EXISTS
FOR (dataset:Dataset) REQUIRE dataset.name IS UNIQUE
