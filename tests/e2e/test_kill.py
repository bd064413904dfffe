"""A real ingest in a process of its own, killed by the system while it writes, and started again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.graph.stored_datasets import stored_datasets
from pipeline.ingest.ingest import IngestOptions, ingest
from pipeline.source.described.source import DescribedSource
from tests import library
from tests.database import ask, variables

NUM_LOANS = 30_000


def test_prefect_s_temporary_server_ends_with_a_refresh_that_is_killed(connection: Connection, tmp_path: Path) -> None:
    """Whenever that is: here while the server starts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "refresh", str(library.write(tmp_path, "b0,r0,1\n"))],
        env=variables(connection, tmp_path / "home"),
        stderr=subprocess.DEVNULL,
    )
    servers: list[psutil.Process] = []
    while process.poll() is None and not servers:
        servers = [child for child in psutil.Process(process.pid).children() if "uvicorn" in child.cmdline()]
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert psutil.wait_procs(servers, timeout=120)[1] == []


def test_a_process_that_is_killed_while_it_writes_is_mended_by_the_next(
    client: GraphClient, connection: Connection, tmp_path: Path
) -> None:
    rows = "".join(f"b{row % 500},r{row // 30},{row % 5}\n" for row in range(NUM_LOANS))
    description = library.write(tmp_path, rows)
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "ingest", str(description)],
        env=variables(connection, tmp_path / "home"),
        stderr=subprocess.DEVNULL,
    )
    # The first hyperedges are there: it is in the middle of writing them.
    while process.poll() is None and not ask(client, "MATCH (loan:Loan) RETURN loan.id LIMIT 1"):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert stored_datasets(client)["library"].counts is None

    report = {table.table: table for table in ingest(client, DescribedSource.of_file(description)).tables}
    assert report["Loan"].unchanged > 0
    assert report["Loan"].total == NUM_LOANS
    found = ask(
        client,
        "MATCH (book:Book)<-[:MEMBER {position: 0}]-(loan:Loan)-[:MEMBER {position: 1}]->(reader:Reader) "
        "RETURN collect(book.id + ',' + reader.id + ',' + toString(toInteger(loan.value))) AS rows",
    )
    assert sorted(found[0]["rows"]) == sorted(rows.splitlines())
    verified = ingest(client, DescribedSource.of_file(description), IngestOptions(verify=True))
    assert not any(table.written for table in verified.tables)


def test_ctrl_c_is_one_line_and_leaves_what_the_next_goes_on_from(
    client: GraphClient, connection: Connection, tmp_path: Path
) -> None:
    """As a terminal sends it: to Prefect's temporary server as well, which is then gone before the run is."""
    rows = "".join(f"b{row % 500},r{row // 30},{row % 5}\n" for row in range(NUM_LOANS))
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "refresh", str(library.write(tmp_path, rows))],
        env=variables(connection, tmp_path / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and not ask(client, "MATCH (loan:Loan) RETURN loan.id LIMIT 1"):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    told, complaint = process.communicate()
    assert process.returncode == 130, complaint
    assert complaint.rstrip().endswith("stopped. What was served still is; the same command goes on from here"), complaint
    assert "Traceback" not in complaint
    assert told == ""
