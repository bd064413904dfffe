"""How much commands say: `-q` leaves the answer and errors, `-v` adds what libraries log."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from tests.unit.command.test_check import BOOKS, DESCRIPTION
from tests.unit.command.test_command import COMMANDS, run

LOGS = """
import logging, sys
from pipeline.__main__ import main

sys.argv = ["hyperlearn", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
logging.getLogger("some.library").info("[red]told")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "books.csv").write_text(BOOKS, encoding="utf-8")
    (tmp_path / "books.toml").write_text(DESCRIPTION, encoding="utf-8")
    return tmp_path / "books.toml"


@pytest.mark.parametrize("command", [*COMMANDS, "evaluate tate", "evaluate books.toml"])
def test_every_command_takes_both(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "120"}).output
    assert command == "evaluate" or ("--quiet" in shown and "--verbose" in shown)


def test_quiet_leaves_the_answer(path: Path) -> None:
    told, quiet = run("check", str(path)), run("check", str(path), "-q")
    assert told.stderr
    assert (quiet.stdout, quiet.stderr, quiet.returncode) == (told.stdout, "", 0)


def test_quiet_leaves_errors(path: Path) -> None:
    path.with_name("books.csv").write_text(BOOKS.replace("1980", "MCM"), encoding="utf-8")
    result = run("check", str(path), "--quiet")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: data set books has 1 problem")


@pytest.mark.parametrize(("options", "told"), [([], False), (["-v"], True), (["-v", "-q"], False)])
def test_verbose_adds_what_libraries_log(path: Path, options: list[str], told: bool) -> None:
    line = [sys.executable, "-c", LOGS, "check", str(path), *options]
    result = subprocess.run(line, capture_output=True, text=True, check=True, timeout=120)
    assert ("some.library: [red]told" in result.stderr) == told
    assert "some.library" not in result.stdout
