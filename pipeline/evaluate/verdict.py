"""Whether the model is ahead of what it has to beat, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.evaluate.evaluation import lead, rivals

_FEW = 30
"""Below so many answers one more or less that is right moves a figure by more than most methods differ."""

_LEVEL = 0.0005
"""What is not to be seen in three digits."""

_NAMES = {"mrr": "MRR", "rmse": "RMSE"}


@dataclass(frozen=True)
class Verdict:
    """What to tell.

    Attributes
    ----------
    warnings
        A sentence for each question where the model is not ahead, and one where so few were asked that figures say little.
    summary
        One line: whether it is ahead, and by how much.
    """

    warnings: tuple[str, ...]
    summary: str


def verdict(questions: Sequence[Mapping[str, Any]]) -> Verdict:
    """Sum up what `pipeline.evaluate.evaluation.evaluate` found."""
    warnings: list[str] = []
    stands: list[str] = []
    leads: dict[str, list[float]] = {}
    for question in questions:
        measure = "mrr" if "mrr" in question else "rmse"
        name, best = min(rivals(question["baselines"]).items(), key=lambda rival: lead(question, rival[1]))
        by = lead(question, best)
        leads.setdefault(measure, []).append(by)
        stands.append("ahead" if question["ahead"] else "level" if abs(by) < _LEVEL else "not ahead")
        if not question["ahead"]:
            reached = f"{_NAMES[measure]} {question[measure]:.3f}, {name} {best[measure]:.3f}"
            warnings.append(f"{heading(question)}: the model is {stands[-1]}: {reached}")
    fewest = min(questions, key=lambda question: question["asked"])
    if fewest["asked"] < _FEW:
        hidden = "1 hyperedge was" if fewest["asked"] == 1 else f"{fewest['asked']} hyperedges were"
        warnings.append(f"{heading(fewest)}: {hidden} asked about, so that figures hang on chance; --seeds hides others as well")
    # Rounded first: a tie has no sign.
    means = " and ".join(f"{round(float(np.mean(found)), 3) + 0.0:+.3f} {_NAMES[measure]}" for measure, found in leads.items())
    num = len(questions)
    if num == 1:
        summary = f"The model is {stands[0]} {'with' if stands[0] == 'level' else 'of'} the best baseline: {means}."
    else:
        num_ahead = stands.count("ahead")
        which = "all" if num_ahead == num else f"{num_ahead or 'none'} of"
        summary = f"The model is ahead of the best baseline at {which} {num} questions; on average {means}."
    return Verdict(tuple(warnings), summary)


def heading(question: Mapping[str, Any]) -> str:
    """What is asked."""
    slot = "the value" if question["slot"] is None else f"{question['modality']} ({question['slot']})"
    return f"{question['type']}: {slot}"
