"""Several writers of one data set at once, stopped and killed, with a reader throughout."""

import random
import time

import pytest

from pipeline.graph.client import GraphClient
from pipeline.graph.connection import Connection
from pipeline.ingest.ingest import IngestOptions, ingest
from pipeline.writeback.writeback import write_back
from tests.database import ask, content, expire, reader
from tests.integration.ingest.test_ingest import wanted
from tests.integration.writers import (
    Writer,
    ingest_state,
    let_leases_of_the_dead_end,
    roll_back,
    run_of,
    served_whole,
    state,
    write_run,
)


@pytest.fixture
def served(client: GraphClient) -> GraphClient:
    ingest(client, state(0))
    write_back(client, run_of(1))
    return client


def is_one_of(client: GraphClient, numbers: set[int]) -> int:
    """The state that the graph is in, which the next ingests know."""
    (number,) = [number for number in numbers if content(client) == wanted(state(number))]
    assert ingest(client, state(number)).recognised
    assert {table.written for table in ingest(client, state(number), IngestOptions(verify=True)).tables} == {0}
    return number


@pytest.mark.parametrize("after_s", [0.0, 0.15, 0.5])
def test_two_write_backs_at_once_end_with_one_whole_run(served: GraphClient, connection: Connection, after_s: float) -> None:
    with reader(connection, served_whole) as seen:
        writers = [Writer(connection, write_run, number, wait=False, after_s=s) for number, s in ((2, 0), (3, after_s))]
        results = {writer.number: writer.result() for writer in writers}
    assert "" in results.values()
    assert set(results.values()) <= {"", "LeaseHeldError"}
    assert served_whole(served) in {number for number, result in results.items() if not result}
    assert set(seen) <= {1, 2, 3}
    statuses = [row["status"] for row in ask(served, "MATCH (run:EmbeddingRun) RETURN run.status AS status")]
    assert statuses.count("published") == 1
    assert "staging" not in statuses


def test_write_backs_that_wait_come_one_after_the_other(served: GraphClient, connection: Connection) -> None:
    with reader(connection, served_whole):
        writers = [Writer(connection, write_run, number, wait=True) for number in (2, 3)]
        assert [writer.result() for writer in writers] == ["", ""]
    assert served_whole(served) in {2, 3}


@pytest.mark.parametrize("after_s", [0.0, 0.3])
def test_a_rollback_beside_a_write_back_leaves_one_whole_run(served: GraphClient, connection: Connection, after_s: float) -> None:
    write_back(served, run_of(2))
    with reader(connection, served_whole) as seen:
        writers = [Writer(connection, write_run, 3, wait=True), Writer(connection, roll_back, 1, wait=True, after_s=after_s)]
        written, rolled = (writer.result() for writer in writers)
    # Where the write-back was first it has taken the slot.
    assert (written, rolled) in {("", ""), ("", "WriteBackError")}
    assert served_whole(served) in {1, 3}
    assert set(seen) <= {1, 2, 3}


def test_a_rollback_that_sleeps_until_its_slot_is_taken_serves_nothing(served: GraphClient, connection: Connection) -> None:
    write_back(served, run_of(2))
    with reader(connection, served_whole) as seen:
        sleeper = Writer(connection, roll_back, 1, wait=False, stop_at=4)  # before it publishes
        sleeper.until_stopped()
        expire(served, "tiny")
        write_back(served, run_of(3))
        sleeper.go_on()
        assert sleeper.result() == "LeaseLostError"
    assert served_whole(served) == 3
    assert set(seen) <= {2, 3}


@pytest.mark.parametrize("wait", [False, True])
def test_two_ingests_at_once_end_as_one_of_the_sources(served: GraphClient, connection: Connection, wait: bool) -> None:
    writers = [Writer(connection, ingest_state, number, wait=wait) for number in (1, 2)]
    results = {writer.number: writer.result() for writer in writers}
    assert "" in results.values()
    assert set(results.values()) <= ({""} if wait else {"", "LeaseHeldError"})
    is_one_of(served, {number for number, result in results.items() if not result})
    ingest(served, state(3))
    assert is_one_of(served, {1, 2, 3}) == 3


@pytest.mark.parametrize(
    ("work", "stop_at"), [(ingest_state, n) for n in (1, 2, 7)] + [(write_run, n) for n in (1, 2, 3, 4, 5, 14)]
)
def test_who_sleeps_longer_than_its_lease_writes_nothing_more(
    served: GraphClient, connection: Connection, work: object, stop_at: int
) -> None:
    sleeper = Writer(connection, work, 2, wait=False, stop_at=stop_at)  # type: ignore[arg-type]
    sleeper.until_stopped()
    expire(served, "tiny")
    ingest(served, state(3))
    write_back(served, run_of(3))
    sleeper.go_on()
    assert sleeper.result() == "LeaseLostError"
    assert is_one_of(served, {3}) == 3
    assert served_whole(served) == 3
    left = ask(served, "MATCH (e:Entity) WHERE e.embeddingA[0] = 2 OR e.embeddingB[0] = 2 RETURN e.id AS id")
    assert left == []


@pytest.mark.parametrize("seed", [0, 1])
def test_writers_that_are_killed_leave_a_whole_run_and_one_of_the_sources(
    served: GraphClient, connection: Connection, seed: int
) -> None:
    """Whatever the order in which the processes get their turns, which no seed decides."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    writers: list[Writer] = []
    with reader(connection, served_whole) as seen:
        for number in range(2, 12):
            work = chosen.choice([ingest_state, write_run])
            writers.append(Writer(connection, work, number, wait=True))
            time.sleep(chosen.random())
            if chosen.random() < 0.6:
                chosen.choice([writer for writer in writers if not writer.killed]).kill()
            let_leases_of_the_dead_end(served, writers)
        while any(writer.process.is_alive() for writer in writers):
            let_leases_of_the_dead_end(served, writers)
            time.sleep(0.05)
        # A write that was on its way when its writer was killed may still have taken the lease.
        let_leases_of_the_dead_end(served, writers)
        assert {writer.result() for writer in writers if not writer.killed} <= {""}
        last = 20
        ingest(served, state(last), IngestOptions(wait=True))
        write_back(served, run_of(last), wait=True)
        assert is_one_of(served, {last}) == last
    assert served_whole(served) == last
    assert set(seen) <= {1, last, *range(2, 12)}
