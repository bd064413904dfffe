"""A worker's seat in a training over several hosts: which one it is, which network it talks over, and what a person sees of it."""

import hashlib
import os
import shutil
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from torch.distributed import Store

from pipeline.domain.artifact import check_is_new
from pipeline.domain.embeddings import Embeddings
from pipeline.errors import ConfigurationError, PipelineError, TrainingError
from pipeline.train.assignment import in_words
from pipeline.train.launch.hosts import Hosts
from pipeline.train.launch.job import Job
from pipeline.train.launch.launch import logs_folder, remove_checkpoints, remove_leftovers
from pipeline.train.launch.network import address_of, talk_over
from pipeline.train.launch.worker import work
from pipeline.train.result.round import Round
from pipeline.train.sharing.meeting import Meeting


def work_at(file: Path, host: str, local_rank: int, num_local: int) -> None:
    """Do a worker's part of a job, and print what a person wants to see of it.

    Parameters
    ----------
    file
        The job's.
    host
        The one that this is.
    local_rank, num_local
        Which of its workers this is, and how many torchrun has started here.

    Raises
    ------
    ConfigurationError
        If this is not that host, or has another number of workers, or the hosts do not fit together.
    ArtifactError
        If the embeddings exist already, or the snapshot is damaged.
    WorkerFailedError
        If another worker is lost; names it as far as can be known.
    """
    job, hosts = _read(file)
    ranks = hosts.ranks(host)
    if num_local != len(ranks):
        raise ConfigurationError(
            f"{host} has {len(ranks)} of this job's workers, and torchrun has started {num_local}",
            hint=f"--nproc-per-node={len(ranks)} there; for other numbers write the job anew",
        )
    check_is_new(job.embeddings)
    rank, where = ranks[local_rank], address_of(hosts.first)
    talk_over(host, hosts.workers)
    names = [f"worker {other} ({in_words(job.owned, other)}) on {hosts.host_of(other)}" for other in range(len(job.owned))]
    _say(f"{names[rank]} is process {os.getpid()}; all {len(names)} workers have {job.timeout:g} seconds to come")
    meeting = Meeting(where, hosts.port, rank, names, job.timeout)
    alike = {"the job": hashlib.sha256(file.read_bytes()).hexdigest()[:12], "hyperlearn": version("hyperlearn")}

    def meet(backend: str) -> Store:
        return meeting.join({**alike, "what workers talk over": backend})

    last = 0.0

    def tell_round(done: Round) -> None:
        nonlocal last
        if rank == 0 and time.monotonic() > last + 1:  # seldom enough to be read
            last = time.monotonic()
            _say(f"round {done.number} of {job.parameters.rounds}: loss {done.losses.total:.6g}, {done.seconds:.2f} s")

    if rank == 0:
        remove_leftovers(job.embeddings)  # of a start that was killed; whoever has the port is alone
    try:
        job = replace(job, threads=max(1, len(os.sched_getaffinity(0)) // num_local))
        result = work(job, rank, meet, tell_round)
    except Exception as error:
        if rank == 0:
            remove_leftovers(job.embeddings)
        told = error if isinstance(error, PipelineError) else TrainingError(f"{type(error).__name__}: {error}")
        said = meeting.leave(told)
        if said is None or said is told:
            raise
        raise said from error
    if result is not None:
        remove_checkpoints(job)
    if said := meeting.leave(None):
        raise said
    if result is not None:
        shutil.rmtree(logs_folder(job.embeddings), ignore_errors=True)
        _say_result(result, job.embeddings)


def _read(file: Path) -> tuple[Job, Hosts]:
    try:
        job = Job.read(file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{file} cannot be read as a job: {error}",
            hint="is it on a disk that all hosts see? `hyperlearn train … --hosts` writes it",
        ) from error
    if job.hosts is None:
        raise ConfigurationError(f"{file} is no job for several hosts", hint="`hyperlearn train … --hosts` writes one")
    return job, job.hosts


def _say(line: str) -> None:
    print(line, flush=True)


def _say_result(result: Embeddings, where: Path) -> None:
    """As `hyperlearn train` does."""
    count, report = sum(map(len, result.ids.values())), result.report
    _say(f"run {result.run}: {count:,} vectors of length {result.embedding_dim} in {where}, trained on {report['hardware']}")
    if report["resumedRound"]:
        _say(f"  It went on from a checkpoint, of round {report['resumedRound']}.")
    for finding in report["findings"]:
        _say(f"  {finding}")
