"""Settings come from the variables that the README names, and from no others."""

from pathlib import Path

import platformdirs
import pytest

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
