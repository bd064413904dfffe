"""`hyperlearn init`: a data set file on standard output or in a file of its own, which is never written over."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.errors import ConfigurationError


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "loans.csv").write_text("reader,book\na,x\na,y\nb,x\nb,y\n", encoding="utf-8")
    return tmp_path / "loans.csv"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_the_file_goes_to_standard_output(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(table.parent)
    result = run("init", "loans.csv", "--name", "library")
    assert result.exit_code == 0
    assert 'name = "library"' in result.stdout
    assert 'table = "loans.csv"' in result.stdout


def test_what_is_written_passes_the_check_wherever_it_lies(table: Path) -> None:
    (table.parent / "described").mkdir()
    out = table.parent / "described" / "loans.toml"
    assert run("init", table, "--out", out).exit_code == 0
    assert f'table = "{Path("..") / "loans.csv"}"' in out.read_text(encoding="utf-8")
    assert run("check", out).exit_code == 0


def test_nothing_is_written_over(table: Path) -> None:
    out = table.parent / "loans.toml"
    out.write_text("mine", encoding="utf-8")
    assert isinstance(run("init", table, "--out", out).exception, ConfigurationError)
    assert out.read_text(encoding="utf-8") == "mine"
    assert isinstance(run("init", table, "--out", table.parent / "none" / "x.toml").exception, ConfigurationError)
    assert sorted(path.name for path in table.parent.iterdir()) == ["loans.csv", "loans.toml"]


def test_a_name_that_cannot_be_one_is_refused(table: Path) -> None:
    assert isinstance(run("init", table, "--name", "Not good").exception, ConfigurationError)


def test_a_table_that_joins_nothing_is_told_to_be_described(tmp_path: Path) -> None:
    (tmp_path / "sizes.csv").write_text("id,size\n1,5\n2,6\n", encoding="utf-8")
    (tmp_path / "loans.csv").write_text("reader,book\na,x\na,y\nb,x\nb,y\n", encoding="utf-8")
    told = {name: run("init", tmp_path / f"{name}.csv", "--out", tmp_path / f"{name}.toml").stderr for name in ("sizes", "loans")}
    assert "No columns that join two kinds of entities were found: say in it which do" in told["sizes"]
    assert "Look through it, then: hyperlearn check" in told["loans"]
