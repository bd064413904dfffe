"""Drawings as SVG texts, without a script: points with names, and a line."""

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

_MAP = (720, 440)
_CURVE = (260, 64)
_LETTER = 7.2
"""Width of a letter of a label, about."""


def points(names: Sequence[str], places_N2: npt.NDArray[np.float64], *, num_labels: int) -> str:
    """Points that tell their names when pointed at; of the first ones, those that have room say them at once.

    Parameters
    ----------
    names, places_N2
        What, and where (N × 2), in any units.
    num_labels
        How many names are said at once at most.
    """
    width, height = _MAP
    low_2, high_2 = np.quantile(places_N2, [0.005, 0.995], axis=0)
    # The few that lie far out stand at the edge: else all others would be one spot.
    share_N2 = np.clip((places_N2 - low_2) / np.maximum(high_2 - low_2, 1e-12), 0, 1)
    x_N, y_N = 12 + share_N2[:, 0] * (width - 24), height - 12 - share_N2[:, 1] * (height - 24)
    dots = [
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3"><title>{escape(name)}</title></circle>'
        for name, x, y in zip(names, x_N, y_N, strict=True)
    ]
    labels: list[str] = []
    taken: list[tuple[float, float, float]] = []
    for name, x, y in zip(names, x_N, y_N, strict=True):
        length = _LETTER * len(name)
        right = x + 6 + length < width
        begin = x + 6 if right else x - 6 - length
        if len(labels) < num_labels and all(abs(y - v) > 14 or begin > end or begin + length < start for start, end, v in taken):
            taken.append((begin, begin + length, y))
            anchor = "start" if right else "end"
            labels.append(f'<text x="{x + (6 if right else -6):.0f}" y="{y + 4:.0f}" text-anchor="{anchor}">{escape(name)}</text>')
    return f'<svg class="map" viewBox="0 0 {width} {height}" role="img">{"".join(dots)}{"".join(labels)}</svg>'


def line(values: Sequence[float], marked: int) -> str:
    """A curve over its numbers from 0 on, with one of them marked."""
    width, height = _CURVE
    low, high = min(values), max(values)
    step = (width - 12) / max(len(values) - 1, 1)
    places = [
        (6 + number * step, 6 + (height - 12) * (high - value) / max(high - low, 1e-12)) for number, value in enumerate(values)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[marked]
    mark = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    return f'<svg class="curve" viewBox="0 0 {width} {height}" role="img"><polyline points="{path}"/>{mark}</svg>'
