CREATE CONSTRAINT lease_dataset IF NOT EXISTS
FOR (lease:WriteLease) REQUIRE lease.dataset IS UNIQUE
