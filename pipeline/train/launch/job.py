"""What a worker is told: one JSON file that the launcher writes and every worker reads."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.domain.device import Device
from pipeline.domain.embeddings import Embeddings
from pipeline.domain.keys import embeddings_key
from pipeline.domain.snapshot import Snapshot
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.fit import Fit
from pipeline.train.launch.hosts import Hosts
from pipeline.train.problem.layout import Factors
from pipeline.train.result.checkpoint import Checkpoints
from pipeline.train.sharing.exchange import Exchange
from pipeline.train.start.former import former_vectors, similarity_to_former


@dataclass(frozen=True)
class Job:
    """One training run.

    Attributes
    ----------
    snapshot
        Directory to read.
    embeddings
        Directory to write; must not exist.
    run
        Id of the run.
    parameters
        Settings.
    owned
        Labels of every worker's modalities, by rank; nobody's where the caller's own process does it all.
    threads
        Cores of each worker.
    timeout
        Seconds after which a worker that does not answer counts as lost.
    checkpoints
        Folder of the training's checkpoints.
    checkpoint_key
        Of data, settings and code.
    checkpoint_every_s
        Seconds between two.
    device
        What the workers compute on.
    quality
        What the settings reached on hidden hyperedges when they were chosen, for the record.
    former
        Embeddings directory of a run towards which training starts.
    hosts
        Which host has which workers; None where one machine has all.
    """

    snapshot: Path
    embeddings: Path
    run: str
    parameters: TrainingParameters
    owned: Sequence[Sequence[str]]
    threads: int
    timeout: float
    checkpoints: Path
    checkpoint_key: str
    checkpoint_every_s: float
    device: Device = Device.AUTO
    quality: Sequence[Mapping[str, Any]] = ()
    former: Path | None = None
    hosts: Hosts | None = None

    def write(self, file: Path) -> None:
        """Write the file."""
        data = asdict(self) | {
            "snapshot": str(self.snapshot.absolute()),
            "embeddings": str(self.embeddings.absolute()),
            "parameters": self.parameters.to_json(),
            "checkpoints": str(self.checkpoints.absolute()),
            "former": None if self.former is None else str(self.former.absolute()),
        }
        file.write_text(json.dumps(data), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> "Job":
        """Read the file that `write` made."""
        data = json.loads(file.read_text(encoding="utf-8"))
        data |= {
            "snapshot": Path(data["snapshot"]),
            "embeddings": Path(data["embeddings"]),
            "parameters": TrainingParameters.from_json(data["parameters"]),
            "checkpoints": Path(data["checkpoints"]),
            "device": Device(data["device"]),
            "former": None if data["former"] is None else Path(data["former"]),
            "hosts": None if data["hosts"] is None else Hosts(**data["hosts"]),
        }
        return cls(**data)

    def former_vectors(self) -> Factors | None:
        """The vectors towards which training starts, if there are any."""
        if self.former is None:
            return None
        return former_vectors(Embeddings.read(self.former), Snapshot.read_ids(self.snapshot))

    def checkpoints_of(self, exchange: Exchange, told_to_end: Callable[[], bool]) -> Checkpoints:
        """The training's checkpoints, as a worker with that exchange has them, and what tells it to end."""
        return Checkpoints(self.checkpoints, self.checkpoint_key, self.checkpoint_every_s, exchange, told_to_end)

    def write_result(self, fit: Fit, former: Factors | None, checkpoints: Checkpoints) -> Embeddings:
        """Write what the run yields, with its report."""
        summary = Snapshot.read_summary(self.snapshot)
        exported = summary.origin.get("key")
        report = {
            "key": None if exported is None else embeddings_key(exported, self.parameters),
            "parameters": self.parameters.to_json(),
            "update": fit.update,
            "cubicNorm": fit.cubic_norm,
            "weights": fit.weights,
            "workers": max(1, len(self.owned)),
            "device": fit.device,
            "hardware": fit.hardware,
            "rounds": fit.history[-1].number,
            "seconds": fit.seconds,
            "bestRound": fit.best_round,
            "resumedRound": checkpoints.resumed_round,
            "losses": fit.history[fit.best_round].to_json()["losses"],
            "findings": [*fit.findings, *filter(None, [checkpoints.trouble])],
            "history": [done.to_json() for done in fit.history],
            "numUntied": fit.num_untied,
            "quality": list(self.quality),
            "similarityToFormer": similarity_to_former(fit.factors, former or {}),
            "snapshot": {"origin": dict(summary.origin), "counts": summary.counts},
        }
        ids = Snapshot.read_ids(self.snapshot)
        dim = next(iter(fit.factors.values())).shape[1]
        result = Embeddings(self.run, summary.dataset.name, dim, ids, fit.factors, fit.types, report)
        result.write(self.embeddings)
        return result
