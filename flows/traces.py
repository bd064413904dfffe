"""What a refresh leaves at Prefect besides its log: its stages, its quality, a report, and an event when a run is served."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterKey
from prefect.events import emit_event

from pipeline.errors import PipelineError
from pipeline.report.tables import QUALITY_COLUMNS, quality_rows

NOTHING_CHANGED = "skipped: nothing has changed"
"""What a stage did that had nothing to do."""

FAILED = "failed"
"""The row that says why the stages ended before the last."""

_STAGES = "stages-of-"
"""What the key of the table begins with."""

PUBLISHED = "hyperlearn.embeddings.published"
"""The event: automations may start what reads the vectors."""


@dataclass(frozen=True)
class StageReport:
    """What a stage did.

    Attributes
    ----------
    stage
        Its name.
    seconds
        How long it took.
    did
        What it did, in words and counts.
    notes
        What it mended or left out on the way.
    """

    stage: str
    seconds: float
    did: str
    notes: tuple[str, ...] = ()


def leave_stages(dataset: str, stages: Sequence[StageReport], error: PipelineError | None = None) -> None:
    """Leave a table of the stages with the run, and under the data set's name; with the error, and what to do, where it failed."""
    rows: list[dict[str, Any]] = [{"stage": each.stage, "seconds": round(each.seconds, 1), "did": each.did} for each in stages]
    if error is not None:
        rows.append({"stage": FAILED, "seconds": None, "did": f"{error}; {error.hint}" if error.hint else str(error)})
    create_table_artifact(rows, _key(_STAGES, dataset), f"What the last refresh of {dataset} did")


def leave_quality(dataset: str, which: str, questions: Sequence[Mapping[str, Any]]) -> None:
    """Leave a table of how well settings completed hidden hyperedges, beside the best of counting, if that was measured."""
    if questions:
        rows = [dict(zip(QUALITY_COLUMNS, row, strict=True)) for row in quality_rows(questions)]
        create_table_artifact(rows, _key("quality-of-", dataset), f"Hidden hyperedges, completed by the settings {which}")


def leave_report(dataset: str, run: str, report: str) -> None:
    """Leave the report of a run, as Markdown."""
    create_markdown_artifact(report, _key("report-of-", dataset), f"What run {run} learned")


def _key(what: str, dataset: str) -> str:
    """The key of an artifact, which is made of lower-case letters, digits and dashes."""
    return f"{what}{dataset.replace('_', '-')}"


async def read_stages(client: PrefectClient, run: UUID) -> list[dict[str, Any]]:
    """What the stages of a run did: the rows of the table that it left."""
    of_run, stages = ArtifactFilterFlowRunId(any_=[run]), ArtifactFilterKey(like_=f"{_STAGES}%")
    for artifact in await client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=of_run, key=stages), limit=1):
        return [dict(row) for row in json.loads(str(artifact.data))]
    return []


def tell_published(dataset: str, run: str) -> None:
    """Emit the event that vectors of a data set are served anew."""
    emit_event(
        PUBLISHED,
        {"prefect.resource.id": f"hyperlearn.dataset.{dataset}", "prefect.resource.name": dataset},
        payload={"dataset": dataset, "run": run},
    )
