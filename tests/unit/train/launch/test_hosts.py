import re
import shlex
import sys
from pathlib import Path

import pytest

from pipeline.errors import ConfigurationError
from pipeline.train.launch.hosts import Hosts
from pipeline.train.launch.network import address_of, talk_over


@pytest.mark.parametrize(
    ("text", "num_workers", "expected"),
    [
        ("alpha,beta", 2, Hosts({"alpha": 1, "beta": 1}, 29500)),
        (" alpha:29400, beta ", 5, Hosts({"alpha": 3, "beta": 2}, 29400)),
        ("10.0.0.1:1,10.0.0.2", 4, Hosts({"10.0.0.1": 2, "10.0.0.2": 2}, 1)),
        ("[fd00::1]:29400,[fd00::2]", 2, Hosts({"fd00::1": 1, "fd00::2": 1}, 29400)),
    ],
)
def test_workers_are_shared_out_evenly(text: str, num_workers: int, expected: Hosts) -> None:
    assert Hosts.parse(text, num_workers) == expected


@pytest.mark.parametrize(
    ("text", "num_workers", "message"),
    [
        ("alpha,alpha", 2, "different hosts"),
        ("alpha,", 2, "different hosts"),
        ("alpha,beta:29500", 2, "different hosts"),
        ("alpha:port,beta", 2, "could not be cast"),
        ("alpha,beta", None, "how many workers"),
        ("alpha,beta,gamma", 2, "2 workers are too few for 3 hosts"),
    ],
)
def test_what_names_no_hosts_is_refused(text: str, num_workers: int | None, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Hosts.parse(text, num_workers)


def test_workers_are_numbered_host_by_host() -> None:
    hosts = Hosts({"alpha": 2, "beta": 1})
    assert (list(hosts.ranks("alpha")), list(hosts.ranks("beta"))) == ([0, 1], [2])
    assert [hosts.host_of(rank) for rank in range(3)] == ["alpha", "alpha", "beta"]
    with pytest.raises(ConfigurationError, match="gamma is no host of this training"):
        hosts.ranks("gamma")


def test_a_line_can_be_pasted_whatever_paths_are_called() -> None:
    line = Hosts({"alpha": 2, "beta": 1}).line("beta", Path("/a b/it's.job.json"), Path("/a b/logs"))
    words = shlex.split(line)
    assert words[:2] == ["OMP_NUM_THREADS=1", str(Path(sys.executable).with_name("torchrun"))]
    assert words[3:5] == ["--nproc-per-node=1", "--log-dir=/a b/logs"]
    assert words[-2:] == ["/a b/it's.job.json", "beta"]


def test_torch_talks_over_the_network_by_which_a_host_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLOO_SOCKET_IFNAME", raising=False)
    monkeypatch.delenv("NCCL_SOCKET_IFNAME", raising=False)
    # An address that no machine has (RFC 5737): a line on the wrong host, and a name that means this machine to itself alone.
    with pytest.raises(ConfigurationError, match=re.escape("192.0.2.1 is no address of this machine")):
        talk_over("192.0.2.1", ["192.0.2.1", "127.0.0.1"])
    with pytest.raises(ConfigurationError, match=re.escape("127.0.0.1 is no address of this machine that others reach")):
        talk_over("127.0.0.1", ["127.0.0.1", "192.0.2.1"])
    with pytest.raises(ConfigurationError, match="no address is known here of host"):
        address_of("no-such-host.invalid")


def test_the_environment_may_name_another_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "eth7")
    talk_over("192.0.2.1", ["192.0.2.1"])
