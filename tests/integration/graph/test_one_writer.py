import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import neo4j
import pytest

from pipeline.errors import LeaseHeldError, LeaseLostError
from pipeline.graph import one_writer as module
from pipeline.graph.client import GraphClient
from pipeline.graph.machine import is_gone, this_machine
from pipeline.graph.one_writer import holder_of, one_writer
from pipeline.graph.statement import Statement, load
from tests.database import ask, change, expire

WRITE = Statement("test", "CREATE (:Written)")
INDEX = Statement("test", "CREATE INDEX written IF NOT EXISTS FOR (w:Written) ON (w.name)")


def num_written(client: GraphClient) -> int:
    return len(ask(client, "MATCH (w:Written) RETURN w"))


def test_of_many_at_once_one_gets_the_lease(client: GraphClient) -> None:
    start, end = threading.Barrier(8), threading.Barrier(8)
    results = []

    def take() -> None:
        start.wait()
        try:
            with one_writer(client, "tiny", "test"):
                results.append("taken")
                end.wait()
        except LeaseHeldError:
            results.append("refused")
            end.wait()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused"] * 7 + ["taken"]


def test_the_second_is_told_who_writes_since_when_and_what_to_do(client: GraphClient) -> None:
    with one_writer(client, "tiny", "hyperlearn refresh"):
        holder = holder_of(client, "tiny")
        by = r"^data set tiny is being written by `hyperlearn refresh` \(process \d+ on \S+, since 20\d\d-\d\d-\d\dT[\d:]+Z\)$"
        with (
            pytest.raises(LeaseHeldError, match=by) as refused,
            one_writer(client, "tiny", "hyperlearn ingest"),
        ):
            pass
        assert "--wait" in refused.value.hint
        # Another data set is another lease; and who was refused has changed nothing.
        with one_writer(client, "other", "test"):
            now = holder_of(client, "tiny")
            assert holder is not None and now is not None
            assert replace(now, seconds_left=holder.seconds_left) == holder
    assert holder_of(client, "tiny") is None


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_the_lease_is_released_whatever_happens_and_its_token_grows(client: GraphClient, error: type[BaseException]) -> None:
    tokens = []
    for _ in range(3):
        with pytest.raises(error), one_writer(client, "tiny", "test") as writer:
            assert writer.lease is not None
            tokens.append(writer.lease.token)
            raise error
        assert holder_of(client, "tiny") is None
    assert [token - tokens[0] for token in tokens] == [0, 1, 2]


def test_a_client_under_the_lease_takes_no_second_one(client: GraphClient) -> None:
    with one_writer(client, "tiny", "hyperlearn refresh") as writer:
        with one_writer(writer, "tiny", "hyperlearn ingest") as same:
            assert same is writer
        holder = holder_of(client, "tiny")
        assert holder is not None
        assert holder.command == "hyperlearn refresh"


def test_who_waits_gets_the_lease_once_it_is_released(client: GraphClient) -> None:
    waiting = threading.Event()
    order = []

    @contextmanager
    def progress(description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        assert description.startswith("Waiting for `first` (process ")
        waiting.set()
        yield lambda steps: None

    def second() -> None:
        with one_writer(client, "tiny", "second", wait=True, progress=progress):
            order.append("second")

    thread = threading.Thread(target=second)
    with one_writer(client, "tiny", "first"):
        thread.start()
        assert waiting.wait(60)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def assert_another_is_refused_or_takes_it_from(former: GraphClient, client: GraphClient, *, is_refused: bool) -> None:
    if is_refused:
        with pytest.raises(LeaseHeldError), one_writer(client, "tiny", "test"):
            pass
    else:
        with one_writer(client, "tiny", "test"), pytest.raises(LeaseLostError):
            former.write(WRITE)


@pytest.mark.parametrize(("machine", "is_refused"), [(this_machine(), False), ("another", True), ("", True)])
def test_only_a_process_of_this_machine_is_known_to_be_gone(client: GraphClient, machine: str, is_refused: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    with one_writer(client, "tiny", "test") as former:
        text = "MATCH (lease:WriteLease) SET lease.process = $process, lease.machine = $machine"
        change(client, text, process=gone.pid, machine=machine)
        assert_another_is_refused_or_takes_it_from(former, client, is_refused=is_refused)


def test_a_process_is_gone_also_while_its_parent_has_not_asked_after_it() -> None:
    assert not is_gone(os.getpid())
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        while not is_gone(process.pid):
            time.sleep(0.01)
    assert is_gone(process.pid)


def ways_to_write(writer: GraphClient) -> list[Callable[[], object]]:
    """Each kind of transaction: three write a node, the last makes an index."""
    return [
        lambda: writer.write(WRITE),
        lambda: writer.write_and_return(WRITE),
        lambda: writer.write_batches(Statement("test", "UNWIND $batch.rows AS r CREATE (:Written)"), [[1]], advance=lambda n: None),
        lambda: writer.change_schema(INDEX),
    ]


@pytest.mark.parametrize("still_at_work", [True, False])
def test_who_lost_its_lease_to_another_writes_nothing_more(client: GraphClient, still_at_work: bool) -> None:
    with one_writer(client, "tiny", "test") as writer:
        writer.write(WRITE)
        expire(client, "tiny")
        with ExitStack() as other:
            other.enter_context(one_writer(client, "tiny", "another"))
            if not still_at_work:
                other.close()
            for write in ways_to_write(writer):
                with pytest.raises(LeaseLostError, match="the lease on data set tiny has ended"):
                    write()
    assert num_written(client) == 1
    assert ask(client, "SHOW INDEXES YIELD name WHERE name = 'written' RETURN name") == []


def test_a_lease_that_has_expired_is_its_holder_s_until_another_takes_it(client: GraphClient) -> None:
    """As where the database was away for longer than the lease lasts."""
    with one_writer(client, "tiny", "test") as writer:
        for write in ways_to_write(writer):
            expire(client, "tiny")
            write()
        # A change of the schema, the last of them, has renewed it.
        holder = holder_of(client, "tiny")
        assert holder is not None and holder.lease == writer.lease
    assert num_written(client) == 3
    with pytest.raises(LeaseLostError):
        writer.write(WRITE)  # it was released


def test_a_lease_that_was_taken_or_released_is_neither_renewed_nor_released_by_its_former_holder(client: GraphClient) -> None:
    with one_writer(client, "tiny", "test") as former:
        assert former.lease is not None
        token, beat = former.lease.token, {"dataset": "tiny", "token": former.lease.token, "seconds": 30}
        expire(client, "tiny")
        assert client.write_and_return(load("lease/renew"), **beat) == [{"token": token}]
        expire(client, "tiny")
        with one_writer(client, "tiny", "test"):
            holder = holder_of(client, "tiny")
            assert client.write_and_return(load("lease/renew"), **beat) == []
            client.write(load("lease/release"), dataset="tiny", token=token)
            now = holder_of(client, "tiny")
            assert holder is not None
            assert now is not None
            assert now.lease == holder.lease
        assert client.write_and_return(load("lease/renew"), **beat) == []
        assert holder_of(client, "tiny") is None


@pytest.mark.parametrize(("seconds", "is_refused"), [(40, True), (3_600, False)])
def test_a_clock_that_was_set_back_does_not_keep_a_lease_whose_holder_gives_no_sign(
    client: GraphClient, seconds: int, is_refused: bool
) -> None:
    """What ends further ahead than a lease lasts was given by another clock."""
    with one_writer(client, "tiny", "test") as former:
        change(client, "MATCH (lease:WriteLease) SET lease.expires = lease.expires + duration({seconds: $by})", by=seconds - 30)
        assert_another_is_refused_or_takes_it_from(former, client, is_refused=is_refused)


def test_who_is_alive_keeps_its_lease_when_the_clock_is_set_back(client: GraphClient) -> None:
    with one_writer(client, "tiny", "test") as writer:
        assert writer.lease is not None
        change(client, "MATCH (lease:WriteLease) SET lease.expires = lease.expires + duration({hours: 1})")
        client.write_and_return(load("lease/renew"), dataset="tiny", token=writer.lease.token, seconds=30)
        with pytest.raises(LeaseHeldError), one_writer(client, "tiny", "test"):
            pass
        writer.write(WRITE)


def test_signs_of_life_are_given(client: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_S", 0.01)
    text = "MATCH (lease:WriteLease) RETURN lease.heartbeat AS beat, lease.expires AS expires"
    with one_writer(client, "tiny", "test"):
        (first,) = ask(client, text)
        later = first
        while not (later["beat"] > first["beat"] and later["expires"] > first["expires"]):
            (later,) = ask(client, text)


def test_what_is_about_to_commit_is_waited_for(client: GraphClient) -> None:
    """A transaction that has checked the lease commits before the lease is taken over, or not at all."""
    connection = client.connection
    taken: list[int] = []

    def take_over() -> None:
        other = {
            "command": "test",
            "process": 1,
            "host": "another",
            "machine": "another",
            "dead": None,
            "seconds": 30,
            "longest": 60,
        }
        taken.extend(row["token"] for row in client.write_and_return(load("lease/take"), dataset="tiny", **other))

    with (
        one_writer(client, "tiny", "test") as writer,
        neo4j.GraphDatabase.driver(connection.uri, auth=(connection.user, connection.password)) as driver,
        driver.session(database=connection.database) as session,
    ):
        assert writer.lease is not None
        lease = {"dataset": "tiny", "token": writer.lease.token}
        with session.begin_transaction() as transaction:
            transaction.run("CREATE (:Written)").consume()
            assert transaction.run(load("lease/check").text, lease).single() is not None
            # As if the clock had gone on: only the transaction that holds the lock can say so.
            transaction.run("MATCH (l:WriteLease {dataset: 'tiny'}) SET l.expires = datetime.realtime()").consume()
            thread = threading.Thread(target=take_over)
            thread.start()
            thread.join(0.5)
            assert thread.is_alive()
            transaction.commit()
        thread.join()
        assert taken == [writer.lease.token + 1]
    assert num_written(client) == 1
