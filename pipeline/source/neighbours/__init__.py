"""Features of entities, and which entities are near by them."""
