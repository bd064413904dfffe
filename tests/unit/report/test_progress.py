import io
import logging
import re

import pytest
from rich.console import Console

from pipeline.report import progress as module
from pipeline.report.progress import LogProgress, TerminalProgress


def printed(monkeypatch: pytest.MonkeyPatch, steps: list[int], total: int | None) -> str:
    """The line of a finished piece of work, with its seconds as ``s``."""
    monkeypatch.setattr(module, "_WORTH_A_LINE_S", 0.0)
    console = Console(file=io.StringIO(), width=80)
    with TerminalProgress(console)("Training rounds", total=total) as advance:
        for number in steps:
            advance(number)
    assert isinstance(console.file, io.StringIO)
    return re.sub(r"[\d.]+ s$", "s", console.file.getvalue().strip())


@pytest.mark.parametrize(
    ("steps", "total", "line"),
    [
        ([1, 1, 1], 120, "Training rounds 3 s"),
        ([1_000, 234], 1_234, "Training rounds 1,234 s"),
        ([17], None, "Training rounds 17 s"),
        ([], 120, "Training rounds s"),
    ],
)
def test_a_line_tells_what_was_done_and_not_what_might_have_been(
    monkeypatch: pytest.MonkeyPatch, steps: list[int], total: int | None, line: str
) -> None:
    assert printed(monkeypatch, steps, total) == line


def test_a_log_line_tells_the_same(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "test")
    with LogProgress(logging.getLogger("test"))("Writing Film", total=9_000) as advance:
        advance(4_000)
        advance(2_000)
    assert re.fullmatch(r"Writing Film 6,000: [\d.]+ s", caplog.messages[0])
