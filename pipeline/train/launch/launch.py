"""Training from a snapshot directory to an embeddings directory, on as many workers as pay.

One worker per modality, or several modalities a worker. Workers are processes under torchrun, in a session of their own:
nothing is forked and no process group begins in the caller's process. They meet in a file and talk over the loopback interface:
no port is fixed, none is open to other machines. A worker that dies takes the others down with it and becomes a
`WorkerFailedError`.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pipeline.domain.device import Device
from pipeline.domain.embeddings import Embeddings
from pipeline.domain.keys import embeddings_key
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.snapshot import Snapshot
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ArtifactError, ConfigurationError
from pipeline.train.assignment import plan
from pipeline.train.fit import fit, update_of
from pipeline.train.kernels.hardware import num_gpus, uses_gpus
from pipeline.train.launch.job import Job
from pipeline.train.launch.torchrun import Torchrun
from pipeline.train.problem.problem import build_problem
from pipeline.train.result.checkpoint import EVERY_S, Checkpoints

WORKER_START_COST = 150_000_000
"""What starting a worker process costs, in the units of `assignment`: some seven seconds of one core, mostly importing torch."""


def train(
    snapshot: Path,
    embeddings: Path,
    parameters: TrainingParameters,
    *,
    run: str,
    workers: int | Literal["auto"] = "auto",
    device: Device = Device.AUTO,
    timeout: float = 600.0,
    quality: Sequence[Mapping[str, Any]] = (),
    former: Path | None = None,
    checkpoint_every_s: float = EVERY_S,
    progress: Progress = no_progress,
) -> Embeddings:
    """Learn the vectors of a snapshot's entities.

    Parameters
    ----------
    snapshot
        Directory to read.
    embeddings
        Directory to write, which must not exist; it is there as a whole or not at all.
    parameters
        Settings.
    run
        Id of the run.
    workers
        Number of worker processes, at most one per modality. ``auto``: one per GPU where there are several; else as many as make it
        quicker, which on a small problem is none: it is then done in this process, with the same result.
    device
        What they compute on.
    timeout
        Seconds after which a worker that does not answer counts as lost.
    quality
        What the settings reached on hidden hyperedges when they were chosen, for the run's record.
    former
        Embeddings directory of a run towards which training starts, so that vectors can be compared with its own. One whose vectors
        are of another length is passed over.
    checkpoint_every_s
        Seconds between two checkpoints, in the folder that `checkpoints_folder` names; a training that finds some of its own
        there goes on from the newest. Worker processes leave none.
    progress
        Shows that it goes on.

    Raises
    ------
    ConfigurationError
        If the number of workers or the parameters do not fit the snapshot.
    ArtifactError
        If the snapshot or the former run is damaged, or the embeddings exist already.
    TrainingDivergedError
        If a factor or the objective is no longer finite.
    WorkerFailedError
        If a worker died; names it, with the end of its log.
    """
    if embeddings.exists():
        raise ArtifactError(f"{embeddings} exists already", hint="name another directory, or remove that one")
    state = Snapshot.read(snapshot)
    cores, gpus = len(os.sched_getaffinity(0)), 0 if device is Device.CPU else num_gpus()
    problem = build_problem(state.hypergraph, parameters)
    costs = plan(problem, parameters.cg_iterations).costs
    if workers != "auto":
        count = workers
    elif update_of(problem, parameters) == "stochastic":
        # Its batches move all modalities at once in one process; several would hold each other's still for a while.
        count = 0
    else:
        count = choose_workers(list(costs.values()), parameters.rounds, cores, gpus)
    del problem
    if workers != "auto" and not 1 <= workers <= len(costs):
        raise ConfigurationError(
            f"{workers} workers cannot share {len(costs)} modalities", hint=f"choose 1 to {len(costs)}, or auto"
        )
    uses_gpus(device, max(1, count))  # or says what is missing, before anything is started
    job = Job(snapshot, embeddings, run, parameters, count, max(1, cores // max(1, count)), timeout, device, quality, former)
    if count == 0:
        towards = job.former_vectors(state)
        key = embeddings_key(state.hypergraph.digest, parameters)
        checkpoints = Checkpoints(checkpoints_folder(embeddings), key, checkpoint_every_s)
        done = fit(
            state.hypergraph,
            parameters,
            former=towards,
            threads=job.threads,
            device=device,
            checkpoints=checkpoints,
            progress=progress,
        )
        if checkpoints.trouble:
            done.findings.append(checkpoints.trouble)
        result = job.result(state, done, towards, checkpoints.resumed_round)
        result.write(embeddings)
        checkpoints.remove()
        return result
    del state
    folder = Path(tempfile.mkdtemp(prefix="hyperlearn-train-"))
    try:
        Torchrun(job, folder).run(progress)
        return Embeddings.read(embeddings)
    except BaseException:
        _remove(embeddings)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def checkpoints_folder(embeddings: Path) -> Path:
    """Where the checkpoints are of a training that will write an embeddings directory."""
    return embeddings.with_name(f"{embeddings.name}.checkpoints")


def choose_workers(costs: list[int], rounds: int, cores: int, gpus: int) -> int:
    """Choose how many worker processes to start; 0 for none, to work in the caller's process.

    Parameters
    ----------
    costs
        Cost of a round's update, per modality.
    rounds
        Number of rounds.
    cores, gpus
        What the machine has.

    Returns
    -------
    int
        On several GPUs one each, at most one per modality; on one, none. On cores alone, threads already keep modalities apart in
        one process, and another process adds only its start, paid on the same cores; it frees the modalities from sharing one
        interpreter, which is worth it where a round is long: as many as there are cores and modalities once the work outweighs
        starting them ten times over.
    """
    if gpus:
        most = min(gpus, len(costs))
        return most if most > 1 else 0
    most = min(cores, len(costs))
    return most if most > 1 and rounds * sum(costs) > 10 * most * WORKER_START_COST else 0


def _remove(embeddings: Path) -> None:
    """Remove what a worker that was killed may have begun to write; nothing was there before."""
    for leftover in [embeddings, *embeddings.parent.glob(f".{embeddings.name}-*")]:
        shutil.rmtree(leftover, ignore_errors=True)
