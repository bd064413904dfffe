"""What runs on which hardware is told in one folder."""

import re
from pathlib import Path

import pipeline.train

ROOT = Path(pipeline.train.__file__).parent


def test_no_code_of_training_but_the_kernels_asks_what_it_runs_on() -> None:
    asks = re.compile(r"device\.type|torch\.cuda|is_cuda|numba|\"cuda|\"cpu")
    told = {path.relative_to(ROOT) for path in ROOT.rglob("*.py") if asks.search(path.read_text(encoding="utf-8"))}
    assert {path.parts[0] for path in told} == {"kernels"}, told
