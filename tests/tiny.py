"""A small hypergraph with two planted groups, for tests that need whole records.

Entities with an even number belong to one group, the others to another, and every hyperedge and relation stays inside a group: a
model that learns anything tells the groups apart.
"""

import hashlib
import itertools
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from pipeline.domain.dataset import Dataset, GraphKey, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.progress import Progress
from pipeline.records.records import Records

DATASET = Dataset(
    name="tiny",
    modalities=(Modality("Film", {"year": "integer", "tags": "strings"}, ("year",)), Modality("Maker"), Modality("Style")),
    hyperedge_types=(HyperedgeType("Making", ("Film", "Maker", "Style")), HyperedgeType("Remake", ("Film", "Film"))),
    graphs=(IntraModalGraph("Film", "LIKE"),),
)


@dataclass
class Tables:
    """Tables of a data set in memory, which tests may change; a source as well."""

    dataset: Dataset
    entities: dict[str, pd.DataFrame]
    relations: dict[GraphKey, pd.DataFrame]
    hyperedges: dict[str, pd.DataFrame]
    notes: tuple[str, ...] = ()
    num_reads: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        return self.dataset.name

    def fingerprint(self) -> str:
        frames = (*self.entities.values(), *self.relations.values(), *self.hyperedges.values())
        text = repr(self.dataset) + "".join(frame.to_json(date_format="iso") for frame in frames)
        return hashlib.sha256(text.encode()).hexdigest()

    def read(self, progress: Progress) -> Records:
        self.num_reads += 1
        return Records.of(self.dataset, self.entities, self.relations, self.hyperedges, self.notes)


def entities(label: str, count: int) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"{label[0].lower()}{i}" for i in range(count)], "name": [f"{label} {i}" for i in range(count)]})


def tables(num_films: int = 24, num_makers: int = 8, *, dataset: Dataset = DATASET) -> Tables:
    films = entities("Film", num_films)
    films["year"] = pd.array([2000 + i if i % 5 else None for i in range(num_films)], dtype="Int64")
    films["tags"] = [[f"tag{i % 3}", "film"] for i in range(num_films)]
    # Two films of one name, which only the year tells apart; and the last film is isolated.
    films.loc[3, "name"] = films.loc[1, "name"]
    tied = range(num_films - 1)
    making = pd.DataFrame(
        [(f"f{i}", f"m{(i + 2 * j) % num_makers}", f"s{i % 2}", 1.0) for i in tied for j in range(2)],
        columns=["member0", "member1", "member2", "value"],
    )
    remake = pd.DataFrame(
        [(f"f{i}", f"f{i + 2}", 0.5 * i + 1) for i in range(0, num_films - 4, 3)], columns=["member0", "member1", "value"]
    )
    pairs = [(i, j) for i, j in itertools.combinations(tied, 2) if (j - i) in {2, 4}]
    like = pd.DataFrame([(f"f{i}", f"f{j}", 1 / (j - i)) for i, j in pairs], columns=["source", "target", "weight"])
    return Tables(
        dataset,
        {"Film": films, "Maker": entities("Maker", num_makers), "Style": entities("Style", 2)},
        {("Film", "LIKE"): like},
        {"Making": making, "Remake": remake},
    )


def degrees(data: Tables, label: str) -> Counter[str]:
    """How often each entity of a modality is a member, by id."""
    return Counter(
        id_
        for kind in data.dataset.hyperedge_types
        for position, modality in enumerate(kind.members)
        if modality == label
        for id_ in data.hyperedges[kind.label][f"member{position}"]
    )
