"""The workers as processes: starts torchrun, hears what its workers tell, ends them all."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

import pipeline
from pipeline import errors
from pipeline.domain.progress import Progress
from pipeline.errors import PipelineError, WorkerFailedError
from pipeline.train.assignment import in_words
from pipeline.train.launch.job import Job
from pipeline.train.launch.last_round import GRACE_S

_GRACE = 5.0
"""Seconds that processes get to end once asked."""
_LOG_TAIL = 4_000
"""Characters of a failed worker's log that its error carries."""


class Torchrun:
    """One run of torchrun.

    Parameters
    ----------
    job
        What the workers do.
    folder
        An empty folder of the run's own, for the job's file, the rendezvous and the logs.
    """

    def __init__(self, job: Job, folder: Path) -> None:
        self._job = job
        self._folder = folder
        self._logs = folder / "logs"
        self._own_log = folder / "torchrun.log"
        self._given_up: set[int] = set()
        """Ranks of workers that did not end when others had failed."""

    def run(self, title: str, progress: Progress) -> None:
        """Run the workers to their end.

        Parameters
        ----------
        title
            What to call it meanwhile.
        progress
            Shows that it goes on.

        Raises
        ------
        PipelineError
            What a worker told; a `WorkerFailedError` where one died without a word.
        """
        self._job.write(self._folder / "job.json")
        with self._own_log.open("wb") as log:
            process = subprocess.Popen(
                self._command(),
                stdin=subprocess.PIPE,  # held open: a worker ends when it closes
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )
        try:
            with progress(title, total=self._job.parameters.rounds) as advance:
                failures = self._listen(process, advance)
            status = process.wait()
        except BaseException:
            # It hands that on to the workers, which have so long to end the round; another exception meanwhile ends them at once.
            process.terminate()
            _hear_out(process, GRACE_S)
            raise
        finally:
            family = _family(process.pid)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
            process.terminate()
            _kill_after_grace(family)
            process.wait()
        if status != 0:
            raise self._failure(failures, status)

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "torch.distributed.run", "--nnodes=1", f"--nproc-per-node={len(self._job.owned)}"),
            *("--rdzv-backend=c10d", "--rdzv-conf=store_type=file", f"--rdzv-endpoint={self._folder / 'rendezvous'}"),
            *(f"--rdzv-id={uuid.uuid4()}", "--local-addr=127.0.0.1", "--max-restarts=0"),
            *(
                f"--log-dir={self._logs}",
                "--redirects=2",
                "--module",
                "pipeline.train.launch.worker",
                str(self._folder / "job.json"),
            ),
        ]

    def _listen(self, process: subprocess.Popen[bytes], advance: Callable[[int], None]) -> list[dict[str, Any]]:
        """Hear the workers out; give what failed ones told."""
        failures = []
        for line in process.stdout or ():
            try:
                event = json.loads(line)
            except ValueError:
                continue  # a library's own words
            if event.get("event") == "round":
                advance(min(event["round"], 1))
            elif event.get("event") == "failed":
                failures.append(event)
                if len(failures) == 1:
                    # torchrun asks the others to end, and would wait half a minute for one that does not listen.
                    workers = _family(process.pid)[1:]
                    threading.Thread(target=_kill_after_grace, args=[workers, self._give_up], daemon=True).start()
        return failures

    def _give_up(self, worker: psutil.Process) -> None:
        self._given_up.add(int(worker.environ()["RANK"]))

    def _failure(self, failures: list[dict[str, Any]], status: int) -> PipelineError:
        """The error of the first worker that failed of itself, not for want of the others."""
        for event in failures:
            if event["error"] != WorkerFailedError.__name__:
                kind: type[PipelineError] = getattr(errors, event["error"])
                return kind(event["message"], hint=event["hint"])
        own = self._own_log.read_text(encoding="utf-8", errors="replace")
        ended = statuses(own)
        rank = culprit(ended, followers={event["rank"] for event in failures})
        if rank is None:
            return WorkerFailedError(f"torchrun ended with status {status}:\n{own[-_LOG_TAIL:]}")
        log = "\n".join(
            file.read_text(encoding="utf-8", errors="replace") for file in sorted(self._logs.glob(f"*/attempt_0/{rank}/stderr.log"))
        )
        words = [f"worker {event['rank']}: {event['message']}" for event in failures]
        text = "\n".join([*words, log.strip()[-_LOG_TAIL:]]).strip()
        did, hint = f"ended with status {ended[rank]}", ""
        if rank in self._given_up:
            did, hint = f"did not answer within {self._job.timeout:g} s", "it hung, or was stopped: see what it waited for. "
        elif ended[rank] == -signal.SIGKILL:
            hint = "status -9 is a kill, mostly by the kernel, short of memory: use fewer workers or a smaller embedding_dim. "
        return WorkerFailedError(
            f"training worker {rank} of {len(self._job.owned)} ({in_words(self._job.owned, rank)}) {did}"
            + (f":\n{text}" if text else ""),
            hint=f"{hint}The same command goes on from the last checkpoint",
        )


def statuses(log: str) -> dict[int, int]:
    """Exit status by rank of the workers that failed or were ended, by torchrun's report; first the one that it saw first."""
    found: list[tuple[str, str]] = re.findall(r"rank\s*:\s*(\d+)[^\n]*\n\s*exitcode\s*:\s*(-?\d+)", log)
    return {int(rank): int(status) for rank, status in reversed(found)}  # the report ends with that one


def culprit(ended: Mapping[int, int], followers: Collection[int]) -> int | None:
    """The rank of the worker that failed first, so far as statuses tell it; None where none ended.

    Parameters
    ----------
    ended
        Exit status by rank.
    followers
        Ranks that told that they ended for want of another one. Who heard nothing of it yet was asked to end by torchrun.
    """
    of_itself = [rank for rank, status in ended.items() if rank not in followers and status != -signal.SIGTERM]
    return next(iter([*of_itself, *(rank for rank in ended if rank not in followers), *ended]), None)


def _environment() -> dict[str, str]:
    root = str(Path(pipeline.__file__).parents[1])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
        "NCCL_SOCKET_IFNAME": "lo",
        # Or torchrun opens a store to all interfaces, without a password, which nobody here asks anything.
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }


def _hear_out(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait until it has ended, and read what it tells meanwhile, or who tells it would wait as well."""
    end = time.monotonic() + seconds
    while process.stdout is not None and select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
        if not os.read(process.stdout.fileno(), 1 << 16):
            break
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, end - time.monotonic()))


def _family(pid: int) -> list[psutil.Process]:
    """Give a process and all that it has started; torchrun puts every worker into a session of its own, so its group is not all."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _kill_after_grace(processes: list[psutil.Process], before: Callable[[psutil.Process], None] = lambda _: None) -> None:
    _, alive = psutil.wait_procs(processes, timeout=_GRACE)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            before(process)
            process.kill()
