"""Training from a snapshot directory to an embeddings directory, on as many workers as pay.

Of least squares one worker per modality, several modalities a worker, or several workers a modality; of the likelihood each worker
has all modalities and takes its part of the batches. Workers are processes under torchrun, in a session of their own: nothing is
forked and no process group begins in the caller's process. They meet in a file and talk over the loopback interface: no port is
fixed, none is open to other machines. A worker that dies takes the others down with it and becomes a `WorkerFailedError`. Whatever
ends the caller meanwhile (Ctrl-C, what Prefect makes of SIGTERM) ends training after the round, with a checkpoint. Over several
hosts it is people who start torchrun, for a job that is written here.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pipeline.domain.artifact import check_is_new
from pipeline.domain.device import Device
from pipeline.domain.embeddings import Embeddings
from pipeline.domain.keys import embeddings_key
from pipeline.domain.progress import Progress, no_progress
from pipeline.domain.scratch import Scratch
from pipeline.domain.snapshot import Snapshot
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.fit import Fit, fit
from pipeline.train.kernels.hardware import num_gpus, uses_gpus
from pipeline.train.launch.hosts import Hosts
from pipeline.train.launch.job import Job
from pipeline.train.launch.last_round import ended_after_a_round
from pipeline.train.launch.torchrun import Torchrun
from pipeline.train.plan import Plan, plan
from pipeline.train.result.checkpoint import EVERY_S, Checkpoints
from pipeline.train.sharing.exchange import Alone
from pipeline.train.sharing.memory import telling_memory

SILENCE_S = 600.0
"""Seconds after which a worker that does not answer counts as lost."""


def train(
    snapshot: Path,
    embeddings: Path,
    parameters: TrainingParameters,
    *,
    run: str,
    workers: int | Literal["auto"] = "auto",
    device: Device = Device.AUTO,
    timeout: float = SILENCE_S,
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
        Number of worker processes. ``auto``: of least squares one per GPU where there are several, at most one per modality; else
        as many as make it quicker, which on a small problem is none: it is then done in this process, with the same result. Of the
        likelihood none, since another number gives other vectors.
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
        there goes on from the newest, whatever number of workers left it.
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
    TrainingMemoryError
        If there is not enough memory; names the worker.
    TrainingStoppedError
        If a worker was told to end, and not the caller.
    WorkerFailedError
        If a worker died, or did not answer; names it, with the end of its log.
    """
    check_is_new(embeddings)
    planned = plan_training(snapshot, parameters, workers=workers, device=device)
    job = Job(
        snapshot,
        embeddings,
        run,
        parameters,
        [share.modalities for share in planned.shares] if planned.processes else [],
        max(1, len(os.sched_getaffinity(0)) // len(planned.shares)),
        timeout,
        checkpoints_folder(embeddings),
        checkpoint_key(snapshot, parameters),
        checkpoint_every_s,
        device,
        quality,
        former,
    )
    result = _on_workers(job, planned, progress) if planned.processes else _in_this_process(job, progress)
    remove_checkpoints(job)
    return result


def prepare(
    snapshot: Path,
    embeddings: Path,
    parameters: TrainingParameters,
    *,
    run: str,
    hosts: Hosts,
    device: Device = Device.AUTO,
    timeout: float = SILENCE_S,
    checkpoint_every_s: float = EVERY_S,
) -> tuple[Path, dict[str, str]]:
    """Write down what workers of several hosts are to do, beside where the embeddings will be; their torchrun lines do it.

    Parameters
    ----------
    snapshot, embeddings, parameters, run, device, checkpoint_every_s
        As `train` has them. Whether a host has such a device is looked up there.
    hosts
        Which there are, and how many workers each has.
    timeout
        Seconds that hosts have to come, and after which a worker that does not answer counts as lost.

    Returns
    -------
    Path
        The file.
    dict[str, str]
        Per host the line that starts its workers.

    Raises
    ------
    ConfigurationError
        If the number of workers does not fit the snapshot.
    ArtifactError
        If the snapshot is damaged, or the embeddings exist already.
    """
    check_is_new(embeddings)
    planned = plan_over_hosts(snapshot, parameters, hosts)
    file = embeddings.with_name(f"{embeddings.name}.job.json")
    Job(
        snapshot,
        embeddings,
        run,
        parameters,
        [share.modalities for share in planned.shares],
        threads=1,
        timeout=timeout,
        checkpoints=checkpoints_folder(embeddings),
        checkpoint_key=checkpoint_key(snapshot, parameters),
        checkpoint_every_s=checkpoint_every_s,
        device=device,
        hosts=hosts,
    ).write(file)
    return file, {host: hosts.line(host, file, logs_folder(embeddings)) for host in hosts.workers}


def _in_this_process(job: Job, progress: Progress) -> Embeddings:
    former = job.former_vectors()

    def learn(told_to_end: Callable[[], bool]) -> tuple[Fit, Checkpoints]:
        checkpoints = job.checkpoints_of(Alone(), told_to_end)
        done = fit(
            Snapshot.read_hypergraph(job.snapshot),
            job.parameters,
            former=former,
            threads=job.threads,
            device=job.device,
            checkpoints=checkpoints,
            progress=progress,
        )
        return done, checkpoints

    with telling_memory("training"):
        done, checkpoints = ended_after_a_round(learn)
    return job.write_result(done, former, checkpoints)


def _on_workers(job: Job, planned: Plan, progress: Progress) -> Embeddings:
    with Scratch() as folder:
        try:
            Torchrun(job, folder).run(f"Training on {planned.in_words}", progress)
            return Embeddings.read(job.embeddings)
        except BaseException:
            remove_leftovers(job.embeddings)
            raise


def plan_training(
    snapshot: Path,
    parameters: TrainingParameters,
    *,
    workers: int | Literal["auto"] = "auto",
    device: Device = Device.AUTO,
) -> Plan:
    """Say what `train` would do with the same arguments on this machine, by the snapshot's manifest.

    Raises
    ------
    ConfigurationError
        If the number of workers does not fit the snapshot, or there is no such device.
    ArtifactError
        If the manifest is damaged.
    """
    cores, gpus = len(os.sched_getaffinity(0)), 0 if device is Device.CPU else num_gpus()
    planned = plan(Snapshot.read_summary(snapshot), parameters, workers, cores, gpus)
    uses_gpus(device, len(planned.shares))  # or says what is missing, before anything is started
    return planned


def plan_over_hosts(snapshot: Path, parameters: TrainingParameters, hosts: Hosts) -> Plan:
    """Say what a training over several hosts would take, if all have as many cores as this one.

    Raises
    ------
    ConfigurationError
        If the number of workers does not fit the snapshot.
    ArtifactError
        If the manifest is damaged.
    """
    cores = len(os.sched_getaffinity(0)) * len(hosts.workers)
    return plan(Snapshot.read_summary(snapshot), parameters, sum(hosts.workers.values()), cores, 0)


def checkpoints_folder(embeddings: Path) -> Path:
    """Where the checkpoints are of a training that will write an embeddings directory."""
    return embeddings.with_name(f"{embeddings.name}.checkpoints")


def logs_folder(embeddings: Path) -> Path:
    """Where torchrun's logs are of a training over several hosts."""
    return embeddings.with_name(f"{embeddings.name}.logs")


def checkpoint_key(snapshot: Path, parameters: TrainingParameters) -> str:
    """What a checkpoint must have for a training to go on from it; the number of workers may be another."""
    return embeddings_key(Snapshot.read_summary(snapshot).digest, parameters)


def remove_checkpoints(job: Job) -> None:
    """Remove those of a training that is over."""
    shutil.rmtree(job.checkpoints, ignore_errors=True)


def remove_leftovers(embeddings: Path) -> None:
    """Remove what a worker that was killed may have begun to write; nothing was there before."""
    # Temporary names end in eight characters; longer ones are those of other directories.
    for leftover in [embeddings, *embeddings.parent.glob(f".{embeddings.name}-????????")]:
        shutil.rmtree(leftover, ignore_errors=True)
