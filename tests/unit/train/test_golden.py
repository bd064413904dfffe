"""Training as it was: whoever moves code about must get the same traces.

``python -m tests.unit.train.test_golden`` writes the files anew, after a change that is meant to change them; raise `TRAINING`
in `pipeline/domain/keys.py` with it, or runs that are served go on being taken for what training would give.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.train.fit import fit_share
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem.held_out import hold_out
from pipeline.train.problem.problem import build_problem
from pipeline.train.sharing.exchange import Alone
from pipeline.train.station import Station
from tests.unit.train.hypergraphs import coupled, least_squares

FOLDER = Path(__file__).parent / "golden"
# Few and small steps: nothing that rounding could send another way.
EXACT = least_squares(embedding_dim=4, rounds=6, tolerance=0, validation=0.1, seed=3)
UPDATES = {
    "exact": EXACT,
    "recurrent": replace(EXACT, update="recurrent", start="svd", hidden_dim=6, diffusion_steps=3, learning_rate=3e-3),
}
CASES = [(update, values) for update in UPDATES for values in ("measured", "presence")]


def trace(update: str, values: str, kernels: Kernels) -> dict[str, Any]:
    """What a small training run does, round by round, and where it ends."""
    hypergraph, parameters = coupled(11, presence=values == "presence"), UPDATES[update]
    counts = {label: int(parameters.validation * edges.num_hyperedges) for label, edges in hypergraph.hyperedges.items()}
    left, held_out = hold_out(hypergraph, counts, parameters.seed)  # however few there are
    problem = replace(build_problem(left, parameters, held_out), keeps_own=True)
    result = fit_share(problem, parameters, Station(problem.labels, Alone(), kernels, threads=1))
    rounds = [
        {
            "total": done.losses.total,
            "reconstruction": done.losses.reconstruction,
            "smoothness": done.losses.smoothness,
            "ridge": done.losses.ridge,
            "validation": dict(done.validation),
            "stepLength": done.step_length,
        }
        for done in result.history
    ]
    vectors = {label: factor[0].astype(float).round(7).tolist() for label, factor in result.factors.items()}
    return {"bestRound": result.best_round, "rounds": rounds, "firstVectors": vectors}


def assert_alike(found: Any, expected: Any) -> None:
    """Compare trees of numbers."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_alike(found[key], value)
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict):
        for one, other in zip(found, expected, strict=True):
            assert_alike(one, other)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("update", "values"), CASES)
@pytest.mark.parametrize("implementation", ["compiled", "torch"])
def test_a_trace_is_the_golden_one(update: str, values: str, implementation: str) -> None:
    kernels = CompiledKernels() if implementation == "compiled" else Kernels(torch.device("cpu"))
    assert_alike(trace(update, values, kernels), json.loads((FOLDER / f"{update}-{values}.json").read_text(encoding="utf-8")))


if __name__ == "__main__":
    for case in CASES:
        written = json.dumps(trace(*case, CompiledKernels()), indent=1) + "\n"
        (FOLDER / f"{case[0]}-{case[1]}.json").write_text(written, encoding="utf-8")
