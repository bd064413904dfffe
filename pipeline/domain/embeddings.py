"""An embeddings directory: the factor matrices of one training run, which training writes and write-back reads.

    manifest.json              what was trained, from which snapshot, with which parameters and result
    <Label>.npy                float32, N × R: row i is the vector of the entity with the i-th id
    <Label>.ids.json           the ids, in the order of the rows
    types/<Type>.npz           what each hyperedge type adds to its members' vectors: scale, centres, a bias per entity and position

The manifest is written last, into a directory that then gets its final name: a directory that has a manifest is complete.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.domain.arrays import write_arrays
from pipeline.domain.artifact import Artifact, read_artifact, write_artifact
from pipeline.domain.type_parameters import TypeParameters

FORMAT = "hyperlearn-embeddings-2"


@dataclass(frozen=True)
class Embeddings:
    """The vectors of one training run.

    Attributes
    ----------
    run
        Id of the run.
    dataset
        Name of the data set.
    embedding_dim
        R, the length of every vector.
    ids
        Per modality label, the ids in the order of the rows.
    factors
        Per modality label, the factor matrix (N × R, float32).
    types
        Per hyperedge type that was learned from, what it adds to them.
    report
        What training tells about itself: parameters, rounds, seconds, losses by name.
    """

    run: str
    dataset: str
    embedding_dim: int
    ids: Mapping[str, list[str]]
    factors: Mapping[str, npt.NDArray[np.float32]]
    types: Mapping[str, TypeParameters]
    report: Mapping[str, Any]

    def write(self, directory: Path) -> None:
        """Write the directory, which must not exist, as a whole or not at all."""

        def fill(folder: Path) -> None:
            for label, factor_NR in self.factors.items():
                np.save(folder / f"{label}.npy", factor_NR, allow_pickle=False)
                (folder / f"{label}.ids.json").write_text(json.dumps(self.ids[label], ensure_ascii=False), encoding="utf-8")
            (folder / "types").mkdir()
            for label, learned in self.types.items():
                biases = {f"bias{position}": bias_N for position, bias_N in enumerate(learned.biases)}
                write_arrays(folder / "types" / f"{label}.npz", {"scale": learned.scale_D, "centres": learned.centres_KD, **biases})

        manifest = {
            "run": self.run,
            "dataset": self.dataset,
            "embeddingDim": self.embedding_dim,
            "numEntities": {label: len(ids) for label, ids in self.ids.items()},
            "types": {label: _in_words(learned) for label, learned in self.types.items()},
            "report": dict(self.report),
        }
        write_artifact(directory, FORMAT, manifest, fill)

    @classmethod
    def read(cls, directory: Path) -> "Embeddings":
        """Read a directory that `write` made.

        Raises
        ------
        ArtifactError
            If it is incomplete, damaged or of another version.
        """
        with read_artifact(directory, FORMAT) as artifact:
            manifest = artifact.manifest
            labels = list(manifest["numEntities"])
            return cls(
                run=manifest["run"],
                dataset=manifest["dataset"],
                embedding_dim=manifest["embeddingDim"],
                ids={label: json.loads(artifact.file(f"{label}.ids.json").read_text(encoding="utf-8")) for label in labels},
                factors={label: np.load(artifact.file(f"{label}.npy"), allow_pickle=False) for label in labels},
                types={label: _read_type(artifact, label, words) for label, words in manifest["types"].items()},
                report=manifest["report"],
            )


def _in_words(learned: TypeParameters) -> dict[str, Any]:
    """What the manifest has of a type; its arrays have a file."""
    return {"modalities": learned.modalities, "loss": learned.loss, "mean": learned.mean, "shifts": learned.shifts}


def _read_type(artifact: Artifact, label: str, words: Mapping[str, Any]) -> TypeParameters:
    with np.load(artifact.file(f"types/{label}.npz"), allow_pickle=False) as arrays:
        biases = tuple(arrays[f"bias{position}"] for position in range(len(words["modalities"])))
        scale_D, centres_KD = arrays["scale"], arrays["centres"]
    return TypeParameters(
        tuple(words["modalities"]), words["loss"], words["mean"], scale_D, centres_KD, biases, tuple(words["shifts"])
    )
