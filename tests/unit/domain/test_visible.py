"""What a terminal would obey is written out; all else is as it was."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.visible import visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("two\r\nlines\tand\x0b\x0c\x08", r"two\r\nlines\tand\x0b\x0c\x08"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("a\u2028b\u2029\u200f\ud800", r"a\u2028b\u2029\u200f\ud800"),
        ("Amélie, 千と千尋, \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645, 👩\u200d🚀, [bold]", None),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str | None) -> None:
    assert visible(text) == (shown or text)


@given(st.text())
def test_nothing_is_left_that_controls(text: str) -> None:
    assert {unicodedata.category(character) for character in visible(text)}.isdisjoint({"Cc", "Zl", "Zp", "Cs"})
    assert visible(visible(text)) == visible(text)


def test_lines_stay_lines() -> None:
    assert visible_lines("error\n  a\x1b[2Jb\n") == "error\n  a\\x1b[2Jb\n"
