"""The hosts of one training: how many workers each has, which ones, and the line of torchrun that starts them there."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import ConfigurationError

PORT = 29500
"""Where workers meet on the first host, unless another port is named: torch's own."""


@dataclass(frozen=True)
class Hosts:
    """The hosts of one training. Its workers are numbered through, host by host.

    Attributes
    ----------
    workers
        How many each host has, by the name or address that the others know it by. On the first the workers meet.
    port
        Where they meet there.
    """

    workers: Mapping[str, int]
    port: int = PORT

    @classmethod
    def parse(cls, text: str, num_workers: int | None) -> "Hosts":
        """Read ``alpha,beta`` or ``alpha:29400,beta``, and share out workers as evenly as their number goes.

        Raises
        ------
        ConfigurationError
            If it does not name hosts, names one twice, or names more than there are workers, whose number must be given.
        """
        hint = "such as --hosts alpha,beta, or --hosts alpha:29400,beta where workers are to meet at another port"
        try:
            places = [urlsplit(f"//{part.strip()}") for part in text.split(",")]
            names, ports = [place.hostname or "" for place in places], [place.port for place in places]
        except ValueError as error:
            raise ConfigurationError(f"--hosts {text}: {error}", hint=hint) from error
        if not all(names) or any(ports[1:]) or len(set(names)) < len(names):
            raise ConfigurationError(f"--hosts {text}: expected different hosts, with commas between", hint=hint)
        if num_workers is None:
            raise ConfigurationError(
                "how many workers the hosts have is not chosen for you", hint=f"--workers {len(names)} or more"
            )
        if num_workers < len(names):
            raise ConfigurationError(
                f"{num_workers} workers are too few for {len(names)} hosts", hint=f"--workers {len(names)} or more, or fewer hosts"
            )
        each, more = divmod(num_workers, len(names))
        return cls({name: each + (number < more) for number, name in enumerate(names)}, ports[0] or PORT)

    @property
    def first(self) -> str:
        """The host where workers meet."""
        return next(iter(self.workers))

    def ranks(self, host: str) -> range:
        """Give the ranks of a host's workers.

        Raises
        ------
        ConfigurationError
            If it is none of the hosts.
        """
        start = 0
        for name, count in self.workers.items():
            if name == host:
                return range(start, start + count)
            start += count
        raise ConfigurationError(f"{host} is no host of this training", hint=f"its hosts are {', '.join(self.workers)}")

    def host_of(self, rank: int) -> str:
        """Give the host that has a worker."""
        return next(name for name in self.workers if rank in self.ranks(name))

    def line(self, host: str, job: Path, logs: Path) -> str:
        """Give what to type on a host, for the job in a file; torchrun's own notes go to a folder, which it leaves."""
        torchrun = Path(sys.executable).with_name("torchrun")
        command = [str(torchrun), "--standalone", f"--nproc-per-node={self.workers[host]}", f"--log-dir={logs.absolute()}"]
        command += ["--module", "pipeline.train.launch.host_worker", str(job.absolute()), host]
        return f"OMP_NUM_THREADS=1 {shlex.join(command)}"
