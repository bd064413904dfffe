// Quantisation is off: it saves memory that these short vectors do not need, and loses neighbours.
CREATE VECTOR INDEX `vector_index` IF NOT EXISTS
FOR (entity:`Modality`) ON (entity.`embedding`)
OPTIONS {indexConfig: {
  `vector.dimensions`: $dimensions,
  `vector.similarity_function`: 'cosine',
  `vector.quantization.enabled`: false
}}
