"""When few are new, told by what the database says."""

from collections.abc import Callable

import pytest

from pipeline.domain.progress import no_progress
from pipeline.graph.client import GraphClient
from pipeline.graph.stored_datasets import stored_dataset
from pipeline.graph.stored_runs import StoredRun
from pipeline.ingest.ingest import IngestOptions, ingest
from pipeline.writeback import fold_in
from pipeline.writeback.fold_in import few_are_new
from tests import tiny
from tests.tiny import Tables


def more_films(tables: Tables) -> None:
    larger = tiny.tables(num_films=26)
    tables.entities["Film"] = larger.entities["Film"]
    tables.hyperedges["Making"] = larger.hyperedges["Making"]


def corrected(tables: Tables) -> None:
    more_films(tables)
    tables.hyperedges["Making"].loc[3, "value"] = 2.0


def gone(tables: Tables) -> None:
    more_films(tables)
    tables.hyperedges["Making"] = tables.hyperedges["Making"].drop(index=3)


def another_year(tables: Tables) -> None:
    tables.entities["Film"].loc[5, "year"] = 1999


@pytest.mark.parametrize(
    ("change", "few", "expected"),
    [
        (more_films, 0.1, True),
        (more_films, 0.01, False),
        (corrected, 0.1, False),
        (gone, 0.1, False),
        (another_year, 0.1, False),
    ],
)
def test_few_are_new_where_little_came_and_nothing_else_changed(
    client: GraphClient, monkeypatch: pytest.MonkeyPatch, change: Callable[[Tables], None], few: float, expected: bool
) -> None:
    ingest(client, tiny.tables(), IngestOptions(), no_progress)
    stored = stored_dataset(client, "tiny")
    counts = stored.counts or {}
    of = {"entities": ("Film", "Maker", "Style"), "hyperedges": ("Making", "Remake")}
    trained = {kind: {label: counts[label] for label in labels} for kind, labels in of.items()}
    report = {"snapshot": {"origin": {"ingest": stored.ingest}, "counts": trained}}
    run = StoredRun("run-1", "published", "A", 4, 34, "", "", 0, report, None, 0, rolled_back=False)
    assert not few_are_new(client, stored, run)

    changed = tiny.tables()
    change(changed)
    ingest(client, changed, IngestOptions(), no_progress)
    monkeypatch.setattr(fold_in, "FEW", few)
    assert few_are_new(client, stored_dataset(client, "tiny"), run) is expected
