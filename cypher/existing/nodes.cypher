// Nodes that a modality adopts, with what they must not have before: labels and properties that entities get.
MATCH (entity:`Existing`)
RETURN elementId(entity) AS element, toStringOrNull(entity.`existingKey`) AS id,
       CASE WHEN entity:`Modality` THEN [] ELSE [label IN labels(entity) WHERE label IN $labels] END AS labels,
       CASE WHEN entity:`Modality` THEN [] ELSE [property IN $properties WHERE entity[property] IS NOT NULL] END AS properties,
       [column IN $columns | entity[column]] AS content
