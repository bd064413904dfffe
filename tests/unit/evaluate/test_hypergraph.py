import numpy as np

from pipeline.domain.progress import no_progress
from pipeline.evaluate.hypergraph import hypergraph_of
from tests import tiny


def test_records_are_put_into_rows() -> None:
    tables = tiny.tables()
    with tables.read(no_progress) as records:
        records.check()
        found = hypergraph_of(records)
    ids = {label: sorted(frame["id"]) for label, frame in tables.entities.items()}
    assert found.dataset == tables.dataset
    assert found.num_entities == {label: len(own) for label, own in ids.items()}
    for kind in tables.dataset.hyperedge_types:
        edges = found.hyperedges[kind.label]
        told = {
            (*(ids[label][row] for label, row in zip(kind.members, members, strict=True)), value)
            for members, value in zip(edges.members_EK.tolist(), edges.values_E.tolist(), strict=True)
        }
        assert told == set(tables.hyperedges[kind.label].itertuples(index=False, name=None))
    weights = found.graphs["Film", "LIKE"].toarray()
    expected = np.zeros_like(weights)
    for source, target, weight in tables.relations["Film", "LIKE"].itertuples(index=False):
        i, j = ids["Film"].index(source), ids["Film"].index(target)
        expected[i, j] = expected[j, i] = weight
    np.testing.assert_array_equal(weights, expected)
