"""The page of settings is that of the code."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from pipeline.domain.training_parameters import TrainingParameters

PAGE = Path(__file__).parents[3] / "docs" / "parameters.md"


def test_the_page_has_every_setting_once_with_its_default_as_a_file_would_say_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \| (.+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(name for name, *_ in rows) == sorted(field.name for field in fields(TrainingParameters))
    # None has no notation in TOML; the file says "none".
    found = {name: None if default == '"none"' else tomllib.loads(f"x = {default}")["x"] for name, default, *_ in rows}
    assert found == TrainingParameters().to_json()
    for name, default, does, advice in rows:
        assert min(len(does), len(advice)) > 5, (name, default)
