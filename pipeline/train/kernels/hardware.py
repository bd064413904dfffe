"""What this machine has to compute with, and which kernels go with it."""

import torch

from pipeline.domain.device import Device
from pipeline.errors import ConfigurationError
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.kernels.kernels import Kernels


def num_gpus() -> int:
    """How many GPUs torch can use."""
    return torch.cuda.device_count()


def uses_gpus(device: Device, num_workers: int) -> bool:
    """Whether this machine's workers compute on GPUs, one each.

    Parameters
    ----------
    device
        What was asked for.
    num_workers
        How many workers there are on this machine; one where work is done in the caller's process.

    Raises
    ------
    ConfigurationError
        If GPUs were asked for, and torch sees fewer than there are workers.
    """
    there = 0 if device is Device.CPU else num_gpus()
    if device is Device.CUDA and there < num_workers:
        if there == 0:
            raise ConfigurationError(
                "torch sees no GPU", hint="nvidia-smi says whether the driver does; --device cpu does without one"
            )
        raise ConfigurationError(
            f"{num_workers} workers need as many GPUs, and torch sees {there}", hint=f"--workers {there}, or --device cpu"
        )
    return there >= num_workers


def kernels_of(device: Device, local_rank: int = 0, num_workers: int = 1) -> Kernels:
    """Give a worker its own: a GPU where `uses_gpus` says so, else the CPU's compiled loops.

    Parameters
    ----------
    device
        What was asked for.
    local_rank
        Which of this machine's workers it is, from 0.
    num_workers
        How many there are on this machine.

    Raises
    ------
    ConfigurationError
        As `uses_gpus` does.
    """
    if not uses_gpus(device, num_workers):
        return CompiledKernels()
    gpu = torch.device("cuda", local_rank)
    torch.cuda.set_device(gpu)
    return Kernels(gpu)
