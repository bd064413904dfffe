"""Settings come from the variables that the README names, and from no others."""

from pathlib import Path

import platformdirs
import pytest

from pipeline.errors import ConfigurationError
from pipeline.settings import Settings


def test_variables_that_are_called_as_a_field_are_not_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every shell has a HOME: nothing is to be kept right below it."""
    for name in ("HYPERLEARN_HOME", "HYPERLEARN_CACHE", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CACHE", "elsewhere")
    settings = Settings.load()
    assert settings.home == platformdirs.user_data_path("hyperlearn") == tmp_path / ".local" / "share" / "hyperlearn"
    assert settings.cache == platformdirs.user_cache_path("hyperlearn")


def test_the_password_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    monkeypatch.delenv("NEO4J_PASSWORD", raising=False)
    monkeypatch.setenv("NEO4J_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(ConfigurationError, match=r"NEO4J_PASSWORD_FILE .* cannot be read: No such file"):
        Settings.load().connect()
    (tmp_path / "password").write_text("tell-nobody\n", encoding="utf-8")
    assert Settings.load().connect().password == "tell-nobody"
    assert "tell-nobody" not in repr(Settings.load())
