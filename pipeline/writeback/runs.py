"""The runs of a data set: which states they go through, and which slot they have.

A run is *staging* while it is written, *published* once it is served, and *superseded* when the next one is. A write-back that
failed or was killed leaves its run staging, and the next one makes it *abandoned*::

    staging ──▶ published ──▶ superseded
       └──────▶ abandoned

At most one run is published and at most one is staging, each with a slot of its own. A run that is superseded or abandoned may be
written again, and begins as staging.
"""

import json

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.keys import run_key
from pipeline.errors import WriteBackError
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import Slot
from pipeline.graph.statement import load


def begin_run(client: GraphClient, embeddings: Embeddings) -> Slot:
    """Record a run as staging, and give it the slot that is not served.

    Raises
    ------
    WriteBackError
        If the run is being served, or the database does not hold its data set.
    """
    runs = client.read(load("writeback/read_runs"), dataset=embeddings.dataset)
    served = {run["slot"] for run in runs if run["status"] == "published"}
    if any(run["id"] == embeddings.run and run["status"] == "published" for run in runs):
        raise WriteBackError(f"run {embeddings.run} is being served already", hint="train again for a new run")
    slot: Slot = "B" if "A" in served else "A"
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


def publish_run(client: GraphClient, embeddings: Embeddings, slot: Slot) -> None:
    """Make a staging run the published one, in place of the former.

    Raises
    ------
    WriteBackError
        If the run is no longer staging, or no longer has its slot; nothing is published then.
    """
    num_entities = sum(map(len, embeddings.ids.values()))
    counters = client.write(load("writeback/publish_run"), id=embeddings.run, slot=slot, numEntities=num_entities)
    if not counters.contains_updates:
        raise WriteBackError(f"run {embeddings.run} is no longer being written into slot {slot}", hint="run the write-back again")
