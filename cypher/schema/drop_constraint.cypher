DROP CONSTRAINT `constraint_name` IF EXISTS
