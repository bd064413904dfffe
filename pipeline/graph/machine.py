"""Which machine this is, as far as process numbers go, and which of its processes are gone."""

from pathlib import Path

import psutil

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NUMBERS = Path("/proc/self/ns/pid")


def this_machine() -> str:
    """Name the machine, its last start and the namespace of process numbers; empty where that cannot be told.

    The name of a host will not do: many are called alike, and containers of one host number their processes apart.
    """
    try:
        return f"{_BOOT.read_text().strip()} {_NUMBERS.readlink()}"
    except OSError:
        return ""


def is_gone(process: int) -> bool:
    """Whether there is no process of this number, or only what its parent has not asked after yet.

    A number may have been given to another process since, which then looks like the former one.
    """
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
