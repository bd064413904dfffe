from pipeline.graph.client import GraphClient
from pipeline.graph.statement import Statement
from tests.database import ask


class Unprintable(str):
    """A text of which nobody may make another one, as a log would."""

    __slots__ = ()

    def __repr__(self) -> str:
        raise AssertionError("the row was made text of")


def test_a_batch_is_written_without_making_text_of_its_rows(client: GraphClient) -> None:
    """The driver makes text of all parameters, for a log that nobody reads: it took longer than all else."""
    statement = Statement("test", "UNWIND $batch.rows AS row CREATE (:Written {name: row.name})")
    rows = [{"name": Unprintable("first")}, {"name": Unprintable("second")}]
    counters = client.write_rows(statement, rows)
    client.write_batches(statement, [[{"name": Unprintable("third")}]], advance=lambda rows: None)
    assert counters.nodes_created == 2
    assert ask(client, "MATCH (n:Written) RETURN n.name AS name ORDER BY name") == [
        {"name": "first"},
        {"name": "second"},
        {"name": "third"},
    ]
