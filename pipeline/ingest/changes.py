"""What a table changes in the database: the difference between the rows that are wanted and those that are there."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Content = TypeVar("Content")


@dataclass(frozen=True)
class Changes(Generic[Key, Content]):
    """The difference between what is wanted and what is there, by key.

    Attributes
    ----------
    created
        Wanted and not there.
    changed
        Wanted, and there with another content.
    removed
        There and not wanted.
    num_unchanged
        How many are there as wanted.
    """

    created: dict[Key, Content]
    changed: dict[Key, Content]
    removed: list[Key]
    num_unchanged: int

    @classmethod
    def between(cls, present: Mapping[Key, Content], wanted: Mapping[Key, Content]) -> "Changes[Key, Content]":
        """Compare what is there with what is wanted."""
        created = {key: content for key, content in wanted.items() if key not in present}
        changed = {key: content for key, content in wanted.items() if key in present and present[key] != content}
        removed = [key for key in present if key not in wanted]
        return cls(created, changed, removed, len(wanted) - len(created) - len(changed))


@dataclass(frozen=True)
class TableChanges:
    """How many rows of one table were written.

    Attributes
    ----------
    table
        The modality, the intra-modal graph or the hyperedge type.
    created, changed, removed, unchanged
        Numbers of rows.
    """

    table: str
    created: int
    changed: int
    removed: int
    unchanged: int

    @classmethod
    def of(cls, table: str, changes: Changes[Key, Content]) -> "TableChanges":
        """Count the changes of a table."""
        return cls(table, len(changes.created), len(changes.changed), len(changes.removed), changes.num_unchanged)

    @property
    def total(self) -> int:
        """Rows of the table as it is now."""
        return self.created + self.changed + self.unchanged
