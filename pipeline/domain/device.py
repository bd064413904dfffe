"""Which hardware training runs on, as a user names it."""

from enum import StrEnum


class Device(StrEnum):
    """What computes.

    Attributes
    ----------
    AUTO
        GPUs where torch sees as many as there are workers, else the CPU.
    CPU
        The CPU.
    CUDA
        GPUs, one a worker; an error where there are fewer.
    """

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
