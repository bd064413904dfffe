from pathlib import Path

import pytest

from pipeline.graph.configuration import MIB, Memory, Ports, cgroup_limits, memory_limit, neo4j_conf


@pytest.mark.parametrize(
    ("total_mib", "heap_mib", "page_cache_mib"),
    [(2_048, 512, 256), (8_192, 512, 256), (24_576, 1_536, 768), (65_536, 4_096, 2_048), (1_048_576, 8_192, 4_096)],
)
def test_memory_follows_the_machine(total_mib: int, heap_mib: int, page_cache_mib: int) -> None:
    assert Memory.of_machine(total_mib * MIB) == Memory(heap_mib, page_cache_mib)


def test_the_machine_has_memory() -> None:
    assert memory_limit() > 0


def settings(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def test_the_configuration_listens_on_loopback_only_with_authentication() -> None:
    conf = settings(neo4j_conf(Ports(1234, 5678), Memory(512, 64)))
    assert conf["server.bolt.listen_address"] == conf["server.bolt.advertised_address"] == "127.0.0.1:1234"
    assert conf["server.http.listen_address"] == conf["server.http.advertised_address"] == "127.0.0.1:5678"
    assert all(value.startswith("127.0.0.1") for name, value in conf.items() if name.endswith("listen_address"))
    assert conf["server.https.enabled"] == "false"
    assert conf["dbms.security.auth_enabled"] == "true"
    assert conf["dbms.usage_report.enabled"] == "false"
    assert conf["server.memory.pagecache.size"] == "64m"
    # LOAD CSV must not reach the password, which lies in the home folder itself.
    assert conf["server.directories.import"] == "import"


def test_limits_of_all_control_groups_around_us_count(tmp_path: Path) -> None:
    inner = tmp_path / "outer/inner"
    inner.mkdir(parents=True)
    (inner / "memory.max").write_text("max\n")
    (inner.parent / "memory.max").write_text(f"{3 * MIB}\n")
    (tmp_path / "membership").write_text("0::/outer/inner\n")
    assert cgroup_limits(tmp_path, tmp_path / "membership") == [3 * MIB]


def test_limits_of_the_first_version_of_control_groups_count(tmp_path: Path) -> None:
    group = tmp_path / "memory/job"
    group.mkdir(parents=True)
    (group / "memory.limit_in_bytes").write_text(f"{5 * MIB}\n")
    (group.parent / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    (tmp_path / "membership").write_text("4:memory:/job\n3:cpuset:/job\n")
    assert min(cgroup_limits(tmp_path, tmp_path / "membership")) == 5 * MIB


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert cgroup_limits(tmp_path, tmp_path / "membership") == []
