"""Answers as `hyperlearn demo` prints them and the README shows them."""

import re
from pathlib import Path

Answers = dict[tuple[str, str], list[tuple[str, float]]]
"""What is nearest to whom, with scores and best first, by modality and name."""

README = Path(__file__).parents[1] / "README.md"
NEAR = 0.005
"""How far a score may be from the README's, and how much better than the README's last answer another one may be."""


def answers_in(text: str) -> Answers:
    """Read tables of answers."""
    found: Answers = {}
    question = None
    for line in text.splitlines():
        if title := re.fullmatch(r"(\w+): nearest to (.+?)\s*", line):
            question = found.setdefault((title[1], title[2]), [])
        elif not line.strip():
            question = None
        elif question is not None and (answer := re.fullmatch(r"[1-9]\s+(.+?)(\s{2,}.*)?\s+([01]\.\d{3})\s*", line)):
            question.append((answer[1], float(answer[3])))
    return found


def readme_answers() -> Answers:
    """Those of the README."""
    return answers_in(README.read_text(encoding="utf-8"))


def readme_sample(command: str) -> tuple[str, list[list[str]]]:
    """What the README shows for a command: the title, and the cells of each row behind its number."""
    pattern = rf"^uv run {re.escape(command)}\n```\n\n```\n(.*?)^```"
    (sample,) = re.findall(pattern, README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    title, *lines = sample.splitlines()
    return title, [re.split(r" {2,}", line)[1:] for line in lines if line[0].isdigit()]
