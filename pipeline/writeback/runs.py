"""The runs of a data set: which states they go through, and which slot they have.

A run is *staging* while it is written, *published* once it is served, and *superseded* when the next one is. A write-back that
failed or was killed leaves its run staging, and the next one makes it *abandoned*::

    staging ──▶ published ──▶ superseded
       └──────▶ abandoned

At most one run is published and at most one is staging, each with a slot of its own. A run that is superseded or abandoned may be
written again, and begins as staging; one that is superseded and still has its slot may be published again as it is.

When a new run begins, old ones go: the three that were served last stay, and the newest of all, whatever became of it. The rule is
one for the records in the database and for the folders of a refresh.
"""

import json
from collections.abc import Mapping

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.keys import run_key
from pipeline.errors import WriteBackError
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import Slot, vector_index, vector_property
from pipeline.graph.statement import load
from pipeline.graph.stored_runs import stored_runs

KEPT_RUNS = 3
"""How many of the runs that were served stay when the next one begins."""


def begin_run(client: GraphClient, embeddings: Embeddings) -> Slot:
    """Record a run as staging, and give it the slot that is not served.

    Raises
    ------
    WriteBackError
        If the run is being served, or the database does not hold its data set.
    """
    served = {run.id: run.slot for run in stored_runs(client, embeddings.dataset) if run.is_served}
    if embeddings.run in served:
        raise WriteBackError(f"run {embeddings.run} is being served already", hint="train again for a new run")
    slot: Slot = "B" if "A" in served.values() else "A"
    trained = embeddings.report.get("key")
    counters = client.write(
        load("writeback/begin_run"),
        id=embeddings.run,
        dataset=embeddings.dataset,
        slot=slot,
        embeddingDim=embeddings.embedding_dim,
        report=json.dumps(dict(embeddings.report)),
        key=None if trained is None else run_key(trained),
    )
    if not counters.contains_updates:
        raise WriteBackError(
            f"the database holds no data set {embeddings.dataset}", hint=f"run `hyperlearn ingest {embeddings.dataset}` first"
        )
    return slot


def publish_run(
    client: GraphClient,
    run: str,
    slot: Slot,
    counts: Mapping[str, int],
    *,
    recall: Mapping[str, float | None] | None = None,
    status: str = "staging",
    rolls_back: bool = False,
) -> None:
    """Make a run the published one, in place of the former.

    Parameters
    ----------
    client
        The database.
    run
        Its id.
    slot
        The slot that it must have.
    counts
        Number of its vectors per modality label.
    recall
        Per modality label what `pipeline.writeback.recall` measured; by default it stays as it was.
    status
        The state that it must be in.
    rolls_back
        Whether it is served because the one that is served now shall not be.

    Raises
    ------
    WriteBackError
        If the run is in another state, or no longer has its slot; nothing is published then.
    """
    vectors = [
        {"label": label, "index": vector_index(label, slot), "property": vector_property(slot), "recall": (recall or {}).get(label)}
        for label in counts
    ]
    num_entities = sum(counts.values())
    statement = load("writeback/publish_run")
    counters = client.write(
        statement, id=run, slot=slot, status=status, numEntities=num_entities, vectors=vectors, rollsBack=rolls_back
    )
    if not counters.contains_updates:
        raise WriteBackError(f"run {run} is no longer {status} in slot {slot}", hint="run the command again")


def kept_runs(client: GraphClient, dataset: str) -> set[str]:
    """Ids of the runs of a data set that stay when the next one begins."""
    runs = stored_runs(client, dataset)
    served = sorted((run for run in runs if run.published_ms), key=lambda run: run.published_ms or 0, reverse=True)
    return {run.id for run in (*served[:KEPT_RUNS], *runs[:1])}


def remove_old_records(client: GraphClient, dataset: str) -> None:
    """Remove the records of the other runs."""
    client.write(load("writeback/remove_runs"), dataset=dataset, kept=sorted(kept_runs(client, dataset)))
