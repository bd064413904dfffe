// Which components of two vectors carry their cosine, each named by well-connected entities that have most of it.
MATCH (one:`Modality` {`oneKey`: $one})
MATCH (other:`Modality` {`otherKey`: $other})
MATCH (served:ServedVectors {label: $label})
WITH one, other, served.property AS vector
WITH one, other, vector,
     one[vector] AS a, other[vector] AS b
WITH one, other, vector, a, b,
     sqrt(reduce(sum = 0.0, x IN a | sum + x * x)
        * reduce(sum = 0.0, x IN b | sum + x * x))
     AS length
UNWIND range(0, size(a) - 1) AS d
WITH one, other, vector, d AS component,
     sign(a[d]) AS side,
     a[d] * b[d] / length AS share
ORDER BY share DESC LIMIT 3
WITH one, other, vector, collect({
     number: component, side: side, share: share
}) AS top
MATCH (known:`Modality`)
WHERE known <> one AND known <> other
WITH top, vector, known, known[vector] AS numbers
WHERE numbers IS NOT NULL
WITH top, vector, known
ORDER BY COUNT { (known)<-[:MEMBER]-() } DESC,
         known.id LIMIT 2000
WITH top, vector, collect(known) AS known
UNWIND top AS component
CALL (component, vector, known) {
  UNWIND known AS entity
  WITH component, vector, entity
  ORDER BY component.side
         * entity[vector][component.number] DESC
  LIMIT 3
  RETURN collect(coalesce(entity.name, entity.id))
         AS most
}
RETURN component.number AS component,
       round(component.share, 3) AS share, most
