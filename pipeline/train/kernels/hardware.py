"""What this machine has to compute with, and which kernels go with it."""

import torch

from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.kernels.kernels import Kernels


def num_gpus() -> int:
    """How many GPUs torch can use."""
    return torch.cuda.device_count()


def kernels_of(local_rank: int, num_workers: int) -> Kernels:
    """Give a worker its own: on a GPU of its own if there is one for each of this machine's workers, else on the CPU.

    Parameters
    ----------
    local_rank
        Which of this machine's workers it is, from 0.
    num_workers
        How many there are on this machine.
    """
    if num_gpus() < num_workers:
        return CompiledKernels()
    device = torch.device("cuda", local_rank)
    torch.cuda.set_device(device)
    return Kernels(device)
