"""What training stops by in an evaluation: a part that it draws, or the user's own validation part."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.domain.hypergraph import HyperedgeList
from pipeline.evaluate import evaluation
from pipeline.evaluate.hidden import Hidden, hide
from pipeline.train.fit import Fit, fit
from tests.unit.train.hypergraphs import coupled, least_squares

PARAMETERS = least_squares(embedding_dim=4, rounds=1, validation=0.1)


def held_out_by(hidden: Hidden, monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, HyperedgeList] | None]:
    """What each model is given to stop by."""
    seen: list[Mapping[str, HyperedgeList] | None] = []

    def spy(*args: Any, **named: Any) -> Fit:
        seen.append(named["held_out"])
        return fit(*args, **named)

    monkeypatch.setattr(evaluation, "fit", spy)
    selection = dict.fromkeys(hidden.asked, ())
    evaluation.evaluate(hidden.known, PARAMETERS, selection, 1, split=hidden)
    return seen


def test_of_the_users_own_part_as_much_as_training_would_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = coupled(num=60, presence=True)
    label, *others = whole.hyperedges
    hidden = hide(whole, label, None, "test", 0)
    known = hidden.known.hyperedges[label]
    validation = known.only(np.arange(known.num_hyperedges) % 2 == 0)
    seen = held_out_by(replace(hidden, validation={label: validation}), monkeypatch)
    assert len(seen) == 3  # ours, without graphs, with shuffled ones
    for held_out in seen:
        assert held_out is not None
        kept = set(map(tuple, held_out[label].members_EK.tolist()))
        assert len(kept) == int(0.1 * known.num_hyperedges)
        assert kept < set(map(tuple, validation.members_EK.tolist()))
        # Of other types nothing is kept from training.
        assert [held_out[other].num_hyperedges for other in others] == [0] * len(others)


def test_without_one_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = coupled(num=60, presence=True)
    assert held_out_by(hide(whole, next(iter(whole.hyperedges)), None, "test", 0), monkeypatch) == [None] * 3
