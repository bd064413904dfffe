"""A worker on one of several hosts, as a person's torchrun starts it: ``--module pipeline.train.launch.host_worker JOB.json HOST``.

It does what any worker does. Whoever started it reads what it prints: the first worker's rounds, and why it ends if it must. It
ends with its torchrun, so that it never outlives it.
"""

import os
import sys
import threading
import time
from pathlib import Path

from pipeline.errors import PipelineError

FAILED = 3
"""Exit status of a worker that has told why it failed."""


def main(file: Path, host: str) -> int:
    """Do the share of the worker that the environment names; give the exit status."""
    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    # Torch, which reads this when it is imported, tells of a lost connection by a page of addresses.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")
    from torch.distributed.elastic.multiprocessing.errors import get_error_handler

    from pipeline.train.launch.seat import work_at

    try:
        work_at(file, host, int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"]))
    except Exception as error:
        get_error_handler().record_exception(error)  # for what torchrun says in the end
        if not isinstance(error, PipelineError):
            raise
        hint = f"\n{error.hint}" if error.hint else ""
        print(f"error: {error}{hint}", file=sys.stderr, flush=True)
        return FAILED
    return 0


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(FAILED)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("error: expected JOB.json HOST\n`hyperlearn train … --hosts` prints the whole line")
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
