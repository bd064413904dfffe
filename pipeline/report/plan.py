"""A training's plan as a table for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.text import Text

from pipeline.report.tables import table

_MIB = 2**20


def plan_table(plan: Mapping[str, Any]) -> Group:
    """Who holds what, as `pipeline.train.plan.Plan.to_json` gives it: a row per worker, then what it means."""
    columns = {"worker": "right", "modalities": "left"}
    columns |= dict.fromkeys(("entities", "hyperedges", "work", "memory", "sends", "receives"), "right")
    rows = [
        [
            str(rank) if plan["processes"] else "",
            share["has"],
            f"{share['entities']:,}",
            f"{share['hyperedges']:,}",
            f"{100 * share['work']:.0f} %",
            _mebibytes(sum(share["memory"].values())),
            _mebibytes(share["sends"]),
            _mebibytes(share["receives"]),
        ]
        for rank, share in enumerate(plan["workers"])
    ]
    return Group(table(columns, rows), *map(Text, _in_words(plan)))


def _in_words(plan: Mapping[str, Any]) -> list[str]:
    count, reason = plan["processes"], plan["reason"]
    if count:
        said = f"{count} worker process{'es' * (count > 1)}, {plan['update']} update"
    else:
        said = f"No worker process: the {plan['update']} update runs in this one"
    memories = [share["memory"] for share in plan["workers"]]
    largest = max(range(len(memories)), key=lambda rank: sum(memories[rank].values()))
    parts = ", ".join(f"{part} {_mebibytes(size)}" for part, size in memories[largest].items())
    told = [said + (f", since {reason}." if reason else "."), f"Memory in MiB{f', of worker {largest}' * bool(count)}: {parts}."]
    if count > 1:
        if plan["merges"]:
            told.append(f"Each takes its part of the batches; {plan['merges']} times a round they merge what they have moved.")
        told.append("Sent and received are MiB in a round.")
        told.append(f"Imbalance {plan['imbalance']:.2f}: the largest share of the work over the mean.")
    return told


def _mebibytes(size: int) -> str:
    """Whole ones, and of few a digit more."""
    return f"{size / _MIB:,.0f}" if size >= 10 * _MIB or not size else f"{size / _MIB:.1f}"
