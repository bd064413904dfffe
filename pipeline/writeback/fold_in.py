"""Adding the vectors of new entities to the run that is served: no other vector changes, and no run is published.

Readers meet the new vectors as they come. Killed at any moment, the run lacks some of them and does not say that it is up to date:
the next refresh adds all again.
"""

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.keys import embeddings_key, run_key, snapshot_key
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError, WriteBackError
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import StoredDataset
from pipeline.graph.stored_runs import StoredRun, stored_runs
from pipeline.writeback.fixed_names import begin_copy
from pipeline.writeback.recognise import num_missing
from pipeline.writeback.writeback import check_vectors, write_vectors

FEW = 0.01
"""Up to this part of every table may be new before a refresh trains by itself."""


def run_to_extend(client: GraphClient, stored: StoredDataset, parameters: TrainingParameters) -> StoredRun:
    """The run that is served, if new entities can be folded into it.

    Parameters
    ----------
    client
        The database.
    stored
        The data set as it is now.
    parameters
        Settings of training in force.

    Raises
    ------
    ConfigurationError
        If none is served, or it was trained by least squares, with other settings, from another description, or by another version;
        tells which.
    """
    run = next((run for run in stored_runs(client, stored.dataset.name) if run.is_served), None)
    if run is None:
        raise _cannot("no run is served")
    origin = run.report.get("snapshot", {}).get("origin", {})
    if not {"key", "state", "ingest"} <= origin.keys():
        raise _cannot(f"run {run.id} does not say what it was trained on")
    if origin["key"] != snapshot_key(origin["state"], stored.dataset):
        raise _cannot(f"run {run.id} was trained from another description of the data set, or by another version of hyperlearn")
    if run.report["update"] != "stochastic":
        raise _cannot(f"run {run.id} was trained by least squares, which ask more of a vector than its own hyperedges")
    if run.report["key"] != embeddings_key(origin["key"], parameters):
        raise _cannot(f"run {run.id} was trained with other settings")
    return run


def few_are_new(client: GraphClient, stored: StoredDataset, run: StoredRun) -> bool:
    """Whether entities have come since a run was trained, but few, with few hyperedges, and nothing else has changed.

    Few are `FEW` of what it was trained on, in every modality and hyperedge type. Relations do not count: a few new entities
    rearrange the neighbours of others.
    """
    trained, now = run.report["snapshot"]["counts"], stored.counts or {}
    came = {label: now.get(label, 0) - count for label, count in trained["entities"].items()}
    if not any(came.values()) or any(not 0 <= came[label] <= FEW * count for label, count in trained["entities"].items()):
        return False
    statement, since = load("query/count_since"), run.report["snapshot"]["origin"]["ingest"]
    for label, count in trained["hyperedges"].items():
        (row,) = client.read(statement.with_identifiers(HyperedgeType=label), ingest=since)
        # What was changed in its place or removed makes the sum another.
        if row["hyperedges"] > FEW * count or count + row["hyperedges"] != now.get(label, 0):
            return False
    return True


def extend_run(
    client: GraphClient, run: StoredRun, new: Embeddings, key: str | None, progress: Progress = no_progress
) -> dict[str, int]:
    """Write the vectors of new entities beside those that are served.

    Parameters
    ----------
    client
        Under the data set's lease.
    run
        The run that is served.
    new
        The vectors.
    key
        Key of the embeddings that the run now counts as; None if it is not to count as up to date.
    progress
        Told of each modality.

    Returns
    -------
    dict
        Number of vectors written per modality label.

    Raises
    ------
    WriteBackError
        If a vector cannot be served, an entity is left without one, or the run is no longer served.
    """
    if run.slot is None:
        raise AssertionError("a run that is served has a slot")
    check_vectors(new)
    begin_copy(client, new.dataset)
    for label in new.ids:
        write_vectors(client, new, label, run.slot, progress)
    trained = run.report["snapshot"]["counts"]["entities"]
    if missing := {label: count for label in trained if (count := num_missing(client, label, run.slot))}:
        raise WriteBackError(
            f"{sum(missing.values()):,} entities of {', '.join(missing)} have no vector",
            hint="the entities changed since the export; run the refresh again",
        )
    counts = {label: len(ids) for label, ids in new.ids.items()}
    total = sum(counts.values())
    counters = client.write(
        load("writeback/fold_in"),
        id=run.id,
        dataset=new.dataset,
        slot=run.slot,
        numEntities=sum(trained.values()) + total,
        numFoldedIn=total,
        key=None if key is None else run_key(key),
    )
    if not counters.contains_updates:
        raise WriteBackError(f"run {run.id} is no longer served", hint="run the command again")
    return counts


def _cannot(reason: str) -> ConfigurationError:
    return ConfigurationError(f"new entities cannot be folded in: {reason}", hint="leave --fold-in out to train")
