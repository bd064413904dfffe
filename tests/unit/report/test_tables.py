"""Tables of answers, where they are not as usual."""

from rich.console import Console

from pipeline.domain.dataset import Modality
from pipeline.report.tables import neighbours_table


def test_where_nobody_else_is_there_no_empty_table_is_shown() -> None:
    console = Console(width=80)
    with console.capture() as shown:
        console.print(neighbours_table(Modality("Channel"), "web", []))
    assert shown.get() == "Channel: nearest to web\n  nobody else is there\n"
