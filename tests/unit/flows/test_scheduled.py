"""Which schedule a data set has."""

from pathlib import Path

import pytest

from flows.scheduled import scheduled
from pipeline.errors import ConfigurationError
from tests import library


def test_the_command_line_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = library.write(tmp_path, "b0,r0,1\n")
    with pytest.raises(ConfigurationError, match="data set library has no schedule"):
        scheduled(str(path), None, {})
    with path.open("a") as file:
        file.write('[schedule]\ncron = "0 4 * * *"\ntimezone = "Europe/Amsterdam"\nallow_removal = true\n')
    monkeypatch.chdir(tmp_path)
    stated, given = scheduled("library.toml", None, {}), scheduled("library.toml", None, {"every": "1d"})
    assert stated.dataset == str(path)  # whoever runs it stands elsewhere
    assert stated.schedule.in_words == "0 4 * * * (Europe/Amsterdam)"
    assert given.schedule.in_words == "every 1d"
    assert (given.schedule.timezone, given.schedule.allow_removal) == ("Europe/Amsterdam", True)
    assert scheduled("planted", None, {"cron": "5 4 * * *"}).name == "planted"
