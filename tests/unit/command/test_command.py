"""The command as a person meets it: help, exit status, what goes where."""

import json
import subprocess
import sys
import weakref
from importlib.metadata import version
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from pipeline import __main__ as main_module
from pipeline.__main__ import app
from pipeline.errors import ArtifactError, ConfigurationError, SourceError

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own, with an environment that names no database."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments], capture_output=True, text=True, env=environment, check=False, timeout=120
    )


def test_the_commands_are_those_of_the_readme() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert (
        sorted(
            [
                "analogy",
                "browse",
                "check",
                "complete",
                "demo",
                "deploy",
                "doctor",
                "down",
                "evaluate",
                "explain",
                "export",
                "ingest",
                "init",
                "outliers",
                "refresh",
                "remove",
                "report",
                "rollback",
                "runs",
                "serve",
                "similar",
                "status",
                "train",
                "tune",
                "up",
                "vectors",
                "write-back",
            ]
        )
        == COMMANDS
    )
    for command in COMMANDS:
        assert f"hyperlearn {command}" in readme, command


def test_the_query_of_the_readme_is_the_one_for_the_browser() -> None:
    root = Path(__file__).parents[3]
    _, _, query = (root / "cypher" / "browser" / "similar_movies.cypher").read_text(encoding="utf-8").partition("\n")
    assert query in (root / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"Example: hyperlearn {command}" in result.output


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"hyperlearn {version('hyperlearn')}\n"


def test_a_path_that_is_not_there_is_told_before_a_server_is_started(tmp_path: Path) -> None:
    result = run("write-back", str(tmp_path / "nowhere"), HYPERLEARN_HOME=str(tmp_path / "home"))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {tmp_path / 'nowhere'} does not exist\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["auto", "1", "12"])
def test_the_number_of_workers_is_chosen_or_given(given: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["train", str(tmp_path / "nowhere"), "--plan", "--workers", given])
    assert isinstance(result.exception, ArtifactError)  # what it was asked is understood


@pytest.mark.parametrize("given", ["0", "-1", "two", "1.5", ""])
def test_another_number_of_workers_is_refused(given: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["train", str(tmp_path), "--plan", f"--workers={given}"])
    assert result.exit_code == 2
    assert "neither auto nor a number from 1 on" in " ".join(result.output.replace("│", " ").split())


def test_evaluating_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = run("evaluate", "movielens", "--from", str(tmp_path / "split.mat"), "--json", HYPERLEARN_HOME=str(tmp_path))
    assert result.returncode == 1
    assert result.stdout == ""
    assert "cannot be read as an HDF5 file" in result.stderr
    assert "Traceback" not in result.stderr


def test_status_without_a_server_says_how_to_start_one(tmp_path: Path) -> None:
    result = run("status", "--json", HYPERLEARN_HOME=str(tmp_path))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == "error: the embedded Neo4j is not running\nstart it with `hyperlearn up`\n"


def test_a_password_that_is_missing_is_a_setting_that_is_wrong(tmp_path: Path) -> None:
    result = run("status", HYPERLEARN_HOME=str(tmp_path), NEO4J_URI="bolt://127.0.0.1:1")
    assert result.returncode == 2
    assert "NEO4J_URI is set and NEO4J_PASSWORD is not" in result.stderr


def test_a_server_that_is_not_there_is_named_and_the_password_is_not(tmp_path: Path) -> None:
    result = run("status", HYPERLEARN_HOME=str(tmp_path), NEO4J_URI="bolt://127.0.0.1:1", NEO4J_PASSWORD="tell-nobody")
    assert result.returncode == 1
    assert "Neo4j at bolt://127.0.0.1:1 does not answer" in result.stderr
    assert "tell-nobody" not in result.stdout + result.stderr


def test_an_address_that_is_none_is_a_setting_that_is_wrong(tmp_path: Path) -> None:
    result = run("status", HYPERLEARN_HOME=str(tmp_path), NEO4J_URI="http://127.0.0.1", NEO4J_PASSWORD="x")
    assert result.returncode == 2
    assert "NEO4J_URI is 'http://127.0.0.1', which does not begin with bolt://" in result.stderr


def test_an_unknown_data_set_is_told_the_known_ones(tmp_path: Path) -> None:
    result = run("ingest", "moves", HYPERLEARN_HOME=str(tmp_path))
    assert result.returncode == 2
    assert "there is no data set 'moves'; did you mean movies?" in result.stderr
    assert "movies" in result.stderr


def test_down_where_nothing_runs_is_no_failure(tmp_path: Path) -> None:
    result = run("down", HYPERLEARN_HOME=str(tmp_path))
    assert (result.returncode, result.stderr) == (0, "Neo4j was not running.\n")


def test_a_damaged_artifact_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "embeddings").mkdir()
    (tmp_path / "embeddings" / "manifest.json").write_text(json.dumps({"format": "something"}), encoding="utf-8")
    result = run("train", str(tmp_path / "embeddings"), str(tmp_path / "out"), HYPERLEARN_HOME=str(tmp_path))
    assert result.returncode == 1
    assert "holds 'something', 'hyperlearn-snapshot-3' is expected" in result.stderr
    assert "Traceback" not in result.stderr


def test_up_does_not_believe_in_a_server_that_does_not_answer(tmp_path: Path) -> None:
    result = run("up", HYPERLEARN_HOME=str(tmp_path), NEO4J_URI="bolt://127.0.0.1:1", NEO4J_PASSWORD="x")
    assert result.returncode == 1
    assert "is up" not in result.stderr
    assert "does not answer" in result.stderr


def test_a_folder_in_place_of_a_data_set_file_is_told_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "books.toml").write_text("", encoding="utf-8")
    result = run("check", str(tmp_path))
    assert result.returncode == 2
    assert result.stderr == f"error: {tmp_path} is a folder\nname {tmp_path / 'books.toml'}\n"


@pytest.mark.parametrize("command", ["browse", "outliers", "remove", "report", "runs", "rollback"])
def test_a_data_set_of_the_database_can_be_named_by_its_file(command: str, tmp_path: Path) -> None:
    file = tmp_path / "other-name.toml"
    members = '[{ modality = "Book", column = "book" }, { modality = "Reader", column = "reader" }]'
    description = 'name = "library"\n[modalities.Book]\n[modalities.Reader]\n[hyperedges.Loan]\ntable = "loans.csv"\n'
    file.write_text(f"{description}members = {members}\n")
    parser = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    for named in (str(file), "library"):
        assert parser.make_context(command, [named]).params["dataset"] == "library"
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml does not exist"):
        parser.make_context(command, [str(tmp_path / "nowhere.toml")])


def test_what_an_error_has_passed_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect keeps the error of a run; a table's store that it kept alive would complain on standard error at the very end."""
    kept: list[Exception] = []
    held: list[weakref.ref[set[int]]] = []

    def fail() -> None:
        store = set(range(3))
        held.append(weakref.ref(store))
        raise SourceError("cause")

    def command() -> None:
        try:
            fail()
        except SourceError as cause:
            error = SourceError("error")
            kept.append(error)
            raise error from cause

    monkeypatch.setattr(main_module, "app", command)
    with pytest.raises(SystemExit):
        main_module.main()
    assert str(kept[0].__cause__) == "cause"
    assert held[0]() is None
