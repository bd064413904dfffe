"""Training as it was: whoever moves code about must get the same traces.

``python -m tests.unit.train.test_golden`` writes the files anew, after a change that is meant to change them. It wants
`TRAINING` in `pipeline/domain/keys.py` raised first: otherwise runs that are served would go on being taken for what training
would give.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.domain.keys import TRAINING
from pipeline.domain.training_parameters import TrainingParameters
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
    "stochastic": TrainingParameters(update="stochastic", embedding_dim=4, ensemble=1, rounds=3, validation=0.1, seed=3),
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


def golden(update: str, values: str) -> dict[str, Any]:
    """The trace that was written down, with the number of the training that it is of."""
    return dict(json.loads(_file(update, values).read_text(encoding="utf-8")))


@pytest.mark.parametrize(("update", "values"), CASES)
@pytest.mark.parametrize("implementation", ["compiled", "torch"])
def test_a_trace_is_the_golden_one(update: str, values: str, implementation: str) -> None:
    kernels = CompiledKernels() if implementation == "compiled" else Kernels(torch.device("cpu"))
    expected = golden(update, values)
    assert expected.pop("training") == TRAINING, "write the golden files anew: python -m tests.unit.train.test_golden"
    assert_alike(trace(update, values, kernels), expected)


def main() -> None:
    """Write the files anew, unless training has another outcome and the number of the old one."""
    found = {case: trace(*case, CompiledKernels()) for case in CASES}
    for case, traced in found.items():
        if _file(*case).exists() and (expected := golden(*case)).pop("training") == TRAINING:
            try:
                assert_alike(traced, expected)
            except AssertionError:
                sys.exit(f"training by {case[0]} gives something else than before: raise TRAINING in pipeline/domain/keys.py first")
    for case, traced in found.items():
        _file(*case).write_text(json.dumps({"training": TRAINING, **traced}, indent=1) + "\n", encoding="utf-8")


def _file(update: str, values: str) -> Path:
    return FOLDER / f"{update}-{values}.json"


if __name__ == "__main__":
    main()
