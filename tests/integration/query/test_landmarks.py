import numpy as np

from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
from pipeline.query.landmarks import landmarks
from pipeline.query.served import published
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.integration.writeback.test_writeback import embeddings


def test_the_best_connected_come_first_with_their_vectors(client: GraphClient) -> None:
    tables = tiny.tables()
    ingest(client, tables)
    wrote = embeddings("run-1")
    write_back(client, wrote)
    _, run = published(client, "Maker")
    found = landmarks(client, run, "Maker", 5)
    degrees = tables.hyperedges["Making"]["member1"].value_counts()
    assert found.ids == sorted(degrees.index, key=lambda id_: (-degrees[id_], id_))[:5]
    assert found.names == [f"Maker {id_[1:]}" for id_ in found.ids]
    np.testing.assert_array_equal(found.matrix_NR, wrote.factors["Maker"][[wrote.ids["Maker"].index(id_) for id_ in found.ids]])
    assert len(landmarks(client, run, "Maker", 100).ids) == 8
