"""How many rows of each table an ingest wrote, and whether it may remove what it would."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.errors import IngestRefusedError
from pipeline.records.comparison import Comparison

GREATEST_LOSS = 0.1
"""The part of a table that goes without a question."""


@dataclass(frozen=True)
class TableChanges:
    """How many rows of one table were written, or would be.

    Attributes
    ----------
    table
        The table key: a modality, an intra-modal graph or a hyperedge type.
    created, changed, removed, unchanged
        Numbers of rows.
    stale
        Rows that the source no longer has and that were left there.
    """

    table: str
    created: int
    changed: int
    removed: int
    unchanged: int
    stale: int = 0

    @classmethod
    def of(cls, comparison: Comparison, *, keep_stale: bool = False) -> "TableChanges":
        """Those of a comparison."""
        gone = comparison.removed
        removed, stale = (0, gone) if keep_stale else (gone, 0)
        return cls(comparison.table.key, comparison.created, comparison.changed, removed, comparison.unchanged, stale)

    @property
    def total(self) -> int:
        """Rows of the table as it is afterwards."""
        return self.created + self.changed + self.unchanged + self.stale

    @property
    def written(self) -> int:
        """Rows that differ from what was there."""
        return self.created + self.changed + self.removed


def refuse_loss(dataset: str, comparisons: Iterable[Comparison]) -> None:
    """Stop before anything is written if more than a tenth of a table would go: a source that is cut short looks like that.

    Of relations only the loss on balance counts: a graph of neighbours is rearranged by a few new entities.

    Raises
    ------
    IngestRefusedError
        With all such tables.
    """
    refused = []
    for comparison in comparisons:
        before = comparison.removed + comparison.changed + comparison.unchanged
        loss = comparison.removed - (comparison.created if comparison.table.kind == "relations" else 0)
        if loss > GREATEST_LOSS * before:
            refused.append(f"{comparison.removed:,} of {before:,} {comparison.table.key}")
    if refused:
        raise IngestRefusedError(
            f"data set {dataset}: {', '.join(refused)} would be removed, which is more than a tenth; nothing was written",
            hint="is the source whole? --allow-removal removes them, --keep-stale leaves them",
        )
