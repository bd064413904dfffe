"""A plot on logarithmic axes, one panel for each thing that grows, written as SVG."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP = 300, 240, 60, 34
COLOURS = ("#1b6ca8", "#d1495b")

Curves = Mapping[str, Mapping[str, Sequence[tuple[float, float]]]]
"""Per panel and curve, sizes and seconds."""


def plot(curves: Curves, file: Path) -> None:
    """Draw one panel for each axis, with the seconds' axis in common."""
    seconds = [y for panel in curves.values() for curve in panel.values() for _, y in curve]
    low, high = math.log10(min(seconds)) - 0.1, math.log10(max(seconds)) + 0.1
    parts = []
    for number, (axis, panel) in enumerate(curves.items()):
        parts.append(f'<g transform="translate({LEFT + number * (WIDTH + 40)},{TOP})">{_panel(axis, panel, low, high)}</g>')
    for number, name in enumerate(next(iter(curves.values()))):
        x = LEFT + number * 260
        parts.append(f'<circle cx="{x}" cy="14" r="4" fill="{COLOURS[number]}"/><text x="{x + 10}" y="18">{name}</text>')
    size = f'width="{LEFT + len(curves) * (WIDTH + 40)}" height="{TOP + HEIGHT + 50}"'
    style = 'font-family="sans-serif" font-size="12" style="background:white"'
    file.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(parts)}</svg>\n', encoding="utf-8")


def _panel(axis: str, panel: Mapping[str, Sequence[tuple[float, float]]], low: float, high: float) -> str:
    sizes = sorted({x for curve in panel.values() for x, _ in curve})
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def across(x: float) -> float:
        return 15 + (WIDTH - 30) * (math.log10(x) - first) / (last - first)

    def down(y: float) -> float:
        return HEIGHT * (high - math.log10(y)) / (high - low)

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#888"/>']
    parts += [f'<text x="{across(x):.1f}" y="{HEIGHT + 16}" text-anchor="middle">{x:,.0f}</text>' for x in sizes]
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT + 36}" text-anchor="middle">{axis}</text>')
    for power in range(math.ceil(low), math.floor(high) + 1):
        y = down(10.0**power)
        parts.append(f'<line x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    for colour, curve in zip(COLOURS, panel.values(), strict=True):
        points = [(across(x), down(y)) for x, y in curve]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return "".join(parts)
