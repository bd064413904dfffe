// How many entities have a vector of the right length, and how many have none.
MATCH (entity:`Modality`)
RETURN count(CASE WHEN size(entity.`embedding`) = $embeddingDim THEN 1 END) AS written,
       count(CASE WHEN entity.`embedding` IS NULL THEN 1 END) AS missing
