"""The ``neo4j.conf`` of the embedded server: loopback only, authentication on, memory after the machine's.

In: ports, memory sizes, paths. Out: the text of the file. Nothing is read from or written to the disk here but the memory limit.
"""

from dataclasses import dataclass
from pathlib import Path

import psutil

NEO4J_VERSION = "2026.08.1"
MIB = 1 << 20
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Memory:
    """What the server may take, in MiB; the Java machine itself needs some 400 MiB beside it.

    Attributes
    ----------
    heap_mib
        For queries and transactions.
    page_cache_mib
        For the pages of the store.
    """

    heap_mib: int
    page_cache_mib: int

    @classmethod
    def of_machine(cls, total_bytes: int | None = None) -> "Memory":
        """A sixteenth of the machine for the heap and half of that for the pages, so that training has the most of it.

        Parameters
        ----------
        total_bytes
            Memory to share out; by default the machine's, or the limit of its control group where that is lower.
        """
        total_mib = (memory_limit() if total_bytes is None else total_bytes) // MIB
        return cls(heap_mib=min(max(total_mib // 16, 512), 8192), page_cache_mib=min(max(total_mib // 32, 256), 4096))


@dataclass(frozen=True)
class Ports:
    """TCP ports on the loopback address: Bolt for drivers, HTTP for Neo4j Browser; by default Neo4j's usual ones."""

    bolt: int = 7687
    http: int = 7474


def memory_limit() -> int:
    """Memory that this process may use, in bytes: the machine's, or its control group's where that is lower."""
    return min([psutil.virtual_memory().total, *cgroup_limits(Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"))])


def neo4j_conf(ports: Ports, memory: Memory) -> str:
    """Text of ``neo4j.conf``."""
    settings = {
        "server.default_listen_address": LOOPBACK,
        "server.default_advertised_address": LOOPBACK,
        "server.bolt.enabled": "true",
        "server.bolt.listen_address": f"{LOOPBACK}:{ports.bolt}",
        # Without these, clients that ask where to go are sent to the usual ports, where another server may be.
        "server.bolt.advertised_address": f"{LOOPBACK}:{ports.bolt}",
        "server.http.enabled": "true",
        "server.http.listen_address": f"{LOOPBACK}:{ports.http}",
        "server.http.advertised_address": f"{LOOPBACK}:{ports.http}",
        "server.https.enabled": "false",
        "dbms.security.auth_enabled": "true",
        "dbms.usage_report.enabled": "false",
        "dbms.fleet_manager.enabled": "false",
        "client.allow_telemetry": "false",
        "server.http.x_forward.enabled": "false",
        "server.fleet_discovery.enabled": "false",
        # The default is the home folder, where LOAD CSV could read the password.
        "server.directories.import": "import",
        "browser.remote_content_hostname_whitelist": f"localhost,{LOOPBACK}",
        # By default the server idles ten seconds after its store is closed, for connections that nobody opens.
        "internal.dbms.bolt.netty_server_shutdown_quiet_period_duration": "0s",
        "server.memory.pagecache.size": f"{memory.page_cache_mib}m",
        # Enough to recover from a crash; the transaction history itself is of no use here.
        "db.tx_log.rotation.retention_policy": "2 files",
        "db.tx_log.rotation.size": "64M",
    }
    return "# Written anew at each start; changes are lost.\n" + "".join(f"{name}={value}\n" for name, value in settings.items())


def cgroup_limits(root: Path, membership: Path) -> list[int]:
    """Memory limits of this process's control group and those around it, in bytes; empty where there are none."""
    limits = []
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base, name = root, "memory.max"
        elif "memory" in controllers.split(","):
            base, name = root / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = base / path.lstrip("/")
        for folder in [group, *group.parents]:
            if not folder.is_relative_to(base):
                break
            limits += _limit(folder / name)
    return limits


def _limit(file: Path) -> list[int]:
    try:
        return [int(file.read_text())]
    except (OSError, ValueError):  # absent (another namespace), or the word "max"
        return []
