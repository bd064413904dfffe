"""Adding the vectors of new entities to the run that is served: no other vector changes, and no run is published.

Readers meet the new vectors as they come. Killed at any moment, the run lacks some of them and does not say that it is up to date:
the next refresh adds all again.
"""

from pathlib import Path

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.keys import embeddings_key, run_key, snapshot_key
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.run_folder import embeddings_folder
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError, WriteBackError
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import StoredDataset
from pipeline.graph.stored_runs import StoredRun, published_run
from pipeline.writeback.fixed_names import begin_copy
from pipeline.writeback.recognise import num_missing
from pipeline.writeback.writeback import check_vectors, write_vectors

FEW = 0.01
"""Up to this part of every table may be new before a refresh trains by itself."""


def run_to_extend(client: GraphClient, stored: StoredDataset, parameters: TrainingParameters, runs: Path) -> StoredRun:
    """The run that is served, if new entities can be folded into it.

    Parameters
    ----------
    client
        The database.
    stored
        The data set as it is now.
    parameters
        Settings of training in force.
    runs
        Folder of this home's runs.

    Raises
    ------
    ConfigurationError
        If none is served, or it was trained by least squares, with other settings, from another description, by another version, or
        on another host; tells which.
    """
    run = published_run(client, stored.dataset.name)
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
    folder = embeddings_folder(runs, stored.dataset.name, run.id)
    if not folder.is_dir():
        raise _cannot(f"{folder} is not there", "the run that is served was made on another host; ")
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


def extend_run(client: GraphClient, new: Embeddings, key: str | None, progress: Progress = no_progress) -> dict[str, int]:
    """Write the vectors of new entities beside those that are served.

    Parameters
    ----------
    client
        Under the data set's lease.
    new
        The vectors, under the id of the run that is served.
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
    run = published_run(client, new.dataset)
    if run is None or run.id != new.run or run.slot is None:
        raise _no_longer_served(new)
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
        raise _no_longer_served(new)
    return counts


def _no_longer_served(new: Embeddings) -> WriteBackError:
    return WriteBackError(f"run {new.run} is no longer served", hint="run the command again")


def _cannot(reason: str, why: str = "") -> ConfigurationError:
    return ConfigurationError(f"new entities cannot be folded in: {reason}", hint=f"{why}leave --fold-in out to train")
