from dataclasses import replace

import numpy as np
import pytest

from pipeline.errors import UnknownNameError
from pipeline.graph.client import GraphClient
from pipeline.ingest.ingest import ingest
from pipeline.query.explain import Explanation, Shared, explain
from pipeline.query.find import Entity
from pipeline.query.served import published
from pipeline.writeback.writeback import write_back
from tests import tiny
from tests.database import change
from tests.integration.writeback.test_writeback import embeddings


def entity(id_: str) -> Entity:
    label = {"f": "Film", "m": "Maker", "s": "Style"}[id_[0]]
    return Entity(id_, f"{label} {id_[1:]}", label, {})


def explained(client: GraphClient, one: str, other: str) -> Explanation:
    _, run = published(client, "Film")
    return explain(client, run, (entity(one), entity(other)))


@pytest.fixture
def served(client: GraphClient) -> GraphClient:
    ingest(client, tiny.tables())
    write_back(client, embeddings("run-1"))
    return client


def test_shared_members_come_with_the_rarest_first(served: GraphClient) -> None:
    # f4 was made by m4 and m6, f6 by m6 and m0, both in the style s0; they are alike, and no remake of each other.
    found = explained(served, "f4", "f6")
    making = tiny.tables().hyperedges["Making"]
    degrees = making["member1"].value_counts(), making["member2"].value_counts()
    assert found.shared == [
        Shared("m6", "Maker 6", "Maker", (1, 1), int(degrees[0]["m6"])),
        Shared("s0", "Style 0", "Style", (2, 2), int(degrees[1]["s0"])),
    ]
    assert found.together == 0
    assert found.relations == [("LIKE", 0.5)]
    assert explained(served, "f6", "f4").relations == [("LIKE", 0.5)]


def test_what_joins_the_two_themselves_is_counted(served: GraphClient) -> None:
    assert explained(served, "f3", "f5").together == 1  # a remake
    found = explained(served, "f4", "s0")
    assert (found.together, found.relations) == (2, [])
    assert {shared.id for shared in found.shared} == {"m4", "m6"}


def test_components_are_parts_of_the_cosine_and_named_by_who_has_most_of_them(client: GraphClient) -> None:
    ingest(client, tiny.tables())
    wrote = embeddings("run-1")
    films = np.full((24, 4), 0.01, np.float32)
    rows = {id_: row for row, id_ in enumerate(wrote.ids["Film"])}
    films[rows["f0"]] = [3, 0, -4, 0]
    films[rows["f1"]] = [4, 0, -3, 0]
    films[rows["f7"], 0], films[rows["f8"], 2], films[rows["f9"], 2] = 9, 9, -9
    write_back(client, replace(wrote, factors={**wrote.factors, "Film": films}))
    found = explained(client, "f0", "f1")
    assert found.score == pytest.approx((1 + 24 / 25) / 2)
    assert [(c.number, c.names[0]) for c in found.components] == [(0, "Film 7"), (2, "Film 9")]
    assert [c.share for c in found.components] == pytest.approx([12 / 25, 12 / 25])
    assert explained(client, "f8", "f9").components[0].number != 2  # it speaks against


def test_an_entity_without_a_vector_is_told(served: GraphClient) -> None:
    change(served, "MATCH (f:Film {id: 'f4'}) REMOVE f.embeddingA")
    with pytest.raises(UnknownNameError, match="Film 'Film 4' has no vector"):
        explained(served, "f0", "f4")
