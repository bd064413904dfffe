"""A worker process, as torchrun starts it: ``python -m pipeline.train.launch.worker JOB.json``.

It reads the snapshot, takes its share of the modalities or of the batches, runs the rounds with the other workers, and the one of
rank 0 writes the embeddings. On standard output it tells the launcher, one JSON object a line: rounds as they end (rank 0), and why
it stops if it must. It ends when its standard input does, so that it never outlives the launcher; and where it is asked to by
SIGTERM, which torchrun hands on, after the round, with the others and a checkpoint.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch.distributed import Store

from pipeline.domain.embeddings import Embeddings
from pipeline.domain.snapshot import Snapshot
from pipeline.errors import PipelineError
from pipeline.train.assignment import cut_rows, in_words, parts_of
from pipeline.train.fit import fit_share
from pipeline.train.kernels.hardware import kernels_of
from pipeline.train.launch.job import Job
from pipeline.train.problem.layout import Layout
from pipeline.train.problem.problem import build_problem
from pipeline.train.result.round import Round
from pipeline.train.sharing.exchange import ProcessGroup, file_store, joined
from pipeline.train.sharing.memory import telling_memory
from pipeline.train.station import Station

FAILED = 3
"""Exit status of a worker that has told why it failed."""


def main(file: Path) -> int:
    """Do the share of the rank that the environment names; give the exit status."""
    rank, num_workers = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])

    def tell_round(done: Round) -> None:
        if rank == 0:
            _tell({"event": "round", **done.to_json()})

    threading.Thread(target=_end_with_launcher, daemon=True).start()
    try:
        _tell({"event": "started", "rank": rank, "pid": os.getpid()})
        work(Job.read(file), rank, lambda _: file_store(file.parent / "store", num_workers), tell_round)
    except PipelineError as error:
        _tell({"event": "failed", "rank": rank, "error": type(error).__name__, "message": str(error), "hint": error.hint})
        return FAILED
    return 0


def work(job: Job, rank: int, meet: Callable[[str], Store], on_round: Callable[[Round], None]) -> Embeddings | None:
    """Do one worker's share of a job.

    Parameters
    ----------
    job
        What all do together.
    rank
        Which worker this is; torchrun's environment says which of this machine's.
    meet
        Gives what the process group begins with, by what workers talk over.
    on_round
        Hears of each round as it ends.

    Returns
    -------
    Embeddings | None
        What was written: by the first worker alone.
    """
    kernels = kernels_of(job.device, int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"]))
    # One of them compares the digests.
    problem = build_problem(Snapshot.read_hypergraph(job.snapshot, verify=rank == 0), job.parameters)
    who = f"training worker {rank} of {len(job.owned)} ({in_words(job.owned, rank)})"
    with (
        telling_memory(who),
        joined(meet(kernels.process_group), rank, len(job.owned), kernels.process_group, job.timeout),
    ):
        cuts = {label: cut_rows(problem, label, len(parts_of(job.owned, label))) for label in problem.labels}
        widths = Layout(problem, job.parameters.components("exact")).widths
        exchange = ProcessGroup(job.owned, cuts, widths, kernels.device, kernels.finish, job.timeout)
        station = Station(job.owned[rank], exchange, kernels, kernels.host_threads(job.threads))
        told_to_end: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: told_to_end.append(number))  # until now there was nothing to keep
        former, checkpoints = job.former_vectors(), job.checkpoints_of(exchange, lambda: bool(told_to_end))
        result = fit_share(problem, job.parameters, station, former=former, checkpoints=checkpoints, on_round=on_round)
        del problem  # ids, and the vectors once more, are to come
        return job.write_result(result, former, checkpoints) if rank == 0 else None


def _tell(event: dict[str, Any]) -> None:
    os.write(sys.stdout.fileno(), (json.dumps(event) + "\n").encode())


def _end_with_launcher() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(FAILED)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
