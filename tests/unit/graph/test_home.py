import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import EmbeddedServerError
from pipeline.graph.configuration import Memory, Ports
from pipeline.graph.home import Home, State, initial_user, write_private

PORTS = Ports(1234, 5678)
MEMORY = Memory(512, 64)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.make()
    return home


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A user whose new files all may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("open_umask")
def test_the_folder_is_for_its_owner_even_if_it_was_not(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o777)
    Home(tmp_path / "home").make()
    assert mode(tmp_path / "home") == 0o700


@pytest.mark.usefixtures("open_umask")
def test_a_private_file_is_private_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode)))
    write_private(tmp_path / "secret", "text")
    assert (seen, mode(tmp_path / "secret")) == ([0o600], 0o600)


def test_a_private_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    write_private(tmp_path / "secret", "old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_private(tmp_path / "secret", "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"secret": "old"}


def test_the_first_user_is_written_as_neo4js_own_command_does() -> None:
    # What `neo4j-admin dbms set-initial-password secret123` of 2026.08.1 wrote, which drew this salt.
    salt = "da2a85ddb3e7776c948ac95345879e30c24c8a714d431fbd22c694f490be8489"
    digest = "8144ae2a829376c59bedd5d7a84742b9d226e5b6122b1ab78b6e8eba47f5a926"
    assert initial_user("secret123", bytes.fromhex(salt)) == f"neo4j:SHA-256,{digest},{salt},1024:\n"


def test_salts_differ() -> None:
    assert initial_user("secret123") != initial_user("secret123")


def test_prepares_once_and_keeps_the_password(home: Home) -> None:
    home.prepare(PORTS, MEMORY)
    password = home.password()
    assert len(password) >= 24
    assert mode(home.password_file) == mode(home.path / "data/dbms/auth.ini") == 0o600
    assert password not in (home.path / "data/dbms/auth.ini").read_text() + (home.path / "conf/neo4j.conf").read_text()
    home.prepare(PORTS, MEMORY)
    assert home.password() == password


def test_the_user_is_not_written_again_once_there_is_a_database(home: Home) -> None:
    home.prepare(PORTS, MEMORY)
    (home.path / "data/databases/system").mkdir(parents=True)
    before = (home.path / "data/dbms/auth.ini").read_text()
    home.prepare(PORTS, MEMORY)
    assert (home.path / "data/dbms/auth.ini").read_text() == before


def test_a_lost_password_is_an_error_and_no_new_one_is_made(home: Home) -> None:
    home.prepare(PORTS, MEMORY)
    (home.path / "data/databases/system").mkdir(parents=True)
    home.password_file.unlink()
    home.prepare(PORTS, MEMORY)
    with pytest.raises(EmbeddedServerError, match="cannot be read"):
        home.password()


def test_remembers_a_state(home: Home) -> None:
    state = State(1234, 5678, "2026.08.1", 42)
    home.remember(state)
    assert home.state() == state
    assert mode(home.state_file) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"bolt": 1}', '{"bolt": "x", "http": 1, "version": "1", "pid": null}'])
def test_a_state_that_cannot_be_read_is_none(home: Home, text: str) -> None:
    home.state_file.write_text(text)
    assert home.state() is None


def test_the_last_words_are_the_errors(home: Home) -> None:
    home.prepare(PORTS, MEMORY)
    home.console.write_text(
        "Failed to start\njava.lang.IllegalArgumentException: bad\n\tat a.b(C.java:1)\nCaused by: worse\n\tat d\n"
    )
    assert home.last_words() == "java.lang.IllegalArgumentException: bad\nCaused by: worse"


def test_without_errors_the_last_words_are_the_last_lines(home: Home) -> None:
    home.prepare(PORTS, MEMORY)
    assert home.last_words() == ""
    home.console.write_text("".join(f"line {number}\n" for number in range(100)))
    assert home.last_words().splitlines()[-1] == "line 99"
    assert len(home.last_words().splitlines()) < 20


def test_a_server_that_said_nothing_has_the_last_lines_of_its_log(home: Home) -> None:
    home.prepare(PORTS, MEMORY)
    home.console.write_text("\x06\n\n")
    (home.path / "logs/neo4j.log").write_text("INFO  Starting...\n")
    assert home.last_words() == "INFO  Starting..."
