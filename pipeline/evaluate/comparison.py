"""Rankings of several methods over several seeds, as one JSON object with means and standard deviations."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.evaluate.metrics import mean_and_deviation
from pipeline.evaluate.ranking import Ranking, Scores, ranking

MEASURES = {"mrr": "mean_reciprocal_rank", "hits@1": "hits_at_1", "hits@10": "hits_at_10"}
"""Names in the result, and what they are in a `Ranking`."""


@dataclass
class Comparison:
    """What each method has reached so far, a seed after the other.

    Attributes
    ----------
    rankings
        By method, then by the name of the pairs that are measured ("" for all), one per seed.
    seconds
        By method, one per seed.
    """

    rankings: dict[str, dict[str, list[Ranking]]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def add(
        self,
        name: str,
        method: Callable[[], Scores],
        true_QC: npt.NDArray[np.bool_],
        parts: Mapping[str, npt.NDArray[np.bool_]] | None = None,
    ) -> None:
        """Run a method and rank what it says.

        Parameters
        ----------
        name
            What it is called.
        method
            Gives a score per query and candidate.
        true_QC
            Which candidates are true.
        parts
            Pairs that are measured apart (Q × C), by name.
        """
        clock = time.perf_counter()
        scores_QC = method()
        self.seconds.setdefault(name, []).append(time.perf_counter() - clock)
        found = self.rankings.setdefault(name, {})
        for part, asked_QC in {"": None, **(parts or {})}.items():
            found.setdefault(part, []).append(ranking(scores_QC, true_QC, asked_QC))

    def summary(self, own: str) -> dict[str, Any]:
        """The method of that name, with its seconds, and the others as its ``baselines``."""
        found = {
            name: {**_measures(parts[""]), **_parts(parts), "seconds": float(np.mean(self.seconds[name]))}
            for name, parts in self.rankings.items()
        }
        mine = found.pop(own)
        by_seed = [getattr(ranked, MEASURES["mrr"]) for ranked in self.rankings[own][""]]
        return {**mine, "by_seed": by_seed, "num_pairs": self.rankings[own][""][0].num_pairs, "baselines": found}


def _parts(parts: Mapping[str, Sequence[Ranking]]) -> dict[str, Any]:
    return {part: _measures(rankings) for part, rankings in parts.items() if part}


def _measures(rankings: Sequence[Ranking]) -> dict[str, Any]:
    of = {name: mean_and_deviation([getattr(ranked, attribute) for ranked in rankings]) for name, attribute in MEASURES.items()}
    return {
        **{name: mean for name, (mean, _) in of.items()},
        "deviations": {name: deviation for name, (_, deviation) in of.items()},
    }
