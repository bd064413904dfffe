"""From raw tables to the staged hyperedges of a type, in SQL.

A row gives one hyperedge for each combination of the members in its cells: 3 authors and 2 genres give 6. Members from one and the
same cell are a set: every combination of different ones once, in the order of their ids. A row without a member, without the
value, or with something where there has to be nothing, gives none and is counted.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from pipeline.records.store import literal
from pipeline.records.tables import member_columns, num_rows_in_words
from pipeline.source.described.cell_values import text, texts, underivable
from pipeline.source.described.description import Hyperedges, Member
from pipeline.source.described.suspicions import TextColumn
from pipeline.source.described.tables import DescribedTables
from pipeline.source.files.raw_table import Column, RawTable


@dataclass(frozen=True)
class _Position:
    """A member of a hyperedge type with its column.

    Attributes
    ----------
    name
        What the staged table calls it.
    num_from_cell
        How many members of one hyperedge are taken from the cell.
    """

    name: str
    member: Member
    column: Column
    num_from_cell: int

    @property
    def is_one(self) -> bool:
        """Whether a cell holds one id."""
        return self.column.kind == "text" and self.member.separator is None

    @property
    def ids(self) -> str:
        """The ids of a cell as a list."""
        return texts(self.column, self.member.separator)

    @property
    def cell(self) -> str:
        """The id of a cell, or the list of them, each once."""
        return text(self.column) if self.is_one else f"list_distinct({self.ids})"

    @property
    def lacks(self) -> str:
        """Whether a cell holds too few."""
        if self.is_one:
            return f"{self.cell} IS NULL"
        # Finding those that are different is slow, and for one it does not matter.
        return f"len({self.ids if self.num_from_cell == 1 else self.cell}) < {self.num_from_cell}"

    @property
    def lack(self) -> str:
        """The same in words."""
        return f"{'nothing' if self.num_from_cell == 1 else f'fewer than {self.num_from_cell}'} in {self.column.header}"


def fill_hyperedges(
    tables: DescribedTables, label: str, hyperedges: Hyperedges, keyed: Collection[str] = (), *, shares_rows: bool = False
) -> None:
    """Stage the hyperedges of a type.

    Parameters
    ----------
    tables
        Where the raw tables are, and where the hyperedges go.
    label
        The type.
    hyperedges
        Its description.
    keyed
        Labels of the modalities that have a table; a member of any other is whatever a text says.
    shares_rows
        Whether the table's rows are those of several types, of different arity: what one leaves out is another's.
    """
    raw, records = tables.raw_tables.of(hyperedges.table), tables.records
    if raw is None:
        return
    wanted = [member.column for member in hyperedges.members if member.column is not None]
    wanted += [*hyperedges.empty, *([hyperedges.value] if hyperedges.value else [])]
    columns = tables.columns(raw, label, [*wanted, *([hyperedges.time.column] if hyperedges.time else [])])
    if columns is None:
        return
    positions = _positions(tables, raw, label, hyperedges, columns)
    tables.texts += [
        TextColumn(raw, position.column, may_be_list=position.member.separator is None)
        for position in positions
        if position.member.modality not in keyed and position.member.constant is None
    ]
    lacks = {position.lack: position.lacks for position in positions}
    lacks |= {f"something in {header}": f"len({texts(columns[header], None)}) > 0" for header in hyperedges.empty}
    value, time = "1.0", ""
    if hyperedges.value:
        value = tables.value(raw, label, columns[hyperedges.value], "float")
        lacks[f"nothing in {hyperedges.value}"] = f"{text(columns[hyperedges.value])} IS NULL"
        records.columns[label, "value"] = hyperedges.value
    if hyperedges.time:
        time = f", {tables.value(raw, label, columns[hyperedges.time.column], hyperedges.time.type)} AS time"
        records.columns[label, "time"] = hyperedges.time.column
    records.columns |= {(label, position.name): position.column.header for position in positions}
    if shares_rows:
        tables.shared.setdefault(raw.name, (raw, {}))[1][label] = lacks
    else:
        tables.note_left_out(raw, label, lacks)
    members = ", ".join(f"{position.cell} AS {position.name}" for position in positions)
    unusable = [*lacks.values(), *(f"len({underivable(each.column, each.member.separator)}) > 0" for each in positions)]
    rows = f"SELECT row, {members}, {value} AS value{time} FROM {raw.name} WHERE NOT ({' OR '.join(unusable)})"
    several = [position for position in positions if not position.is_one]
    for position in several:
        rows = f"SELECT * REPLACE (unnest({position.name}) AS {position.name}) FROM ({rows})"
    conditions = ["value IS NOT NULL", *_ordered(positions)]
    records.fill(label, f"SELECT {literal(raw.place)}, * FROM ({rows}) WHERE {' AND '.join(conditions)}")
    for position in positions:
        if position.member.only_known:
            _leave_out_unknown(tables, label, position)
    if several:
        _note_several(tables, label, raw.place, {position.column.name: position for position in several}, raw.name)


def _positions(
    tables: DescribedTables, raw: RawTable, label: str, hyperedges: Hyperedges, columns: dict[str, Column]
) -> list[_Position]:
    from_cell = Counter(map(_cell_of, hyperedges.members))
    positions = []
    for name, member in zip(member_columns(len(hyperedges.members)), hyperedges.members, strict=True):
        if member.column is not None:
            column = tables.derived(raw, label, columns[member.column], member.derive, member.separator)
            positions.append(_Position(name, member, column, from_cell[_cell_of(member)]))
        else:
            positions.append(_Position(name, member, Column("constant", literal(member.constant or "")), 1))
    return positions


def _cell_of(member: Member) -> tuple[str | None, ...]:
    """What members of one set have in common."""
    return member.modality, member.column, member.derive, member.constant


def _ordered(positions: list[_Position]) -> list[str]:
    """That members from one cell stand in order, so that each combination comes once and nobody with themselves."""
    before: dict[tuple[str | None, ...], str] = {}
    conditions = []
    for position in positions:
        if position.member.constant is not None:
            continue
        cell = _cell_of(position.member)
        if cell in before:
            conditions.append(f"{before[cell]} < {position.name}")
        before[cell] = position.name
    return conditions


def _leave_out_unknown(tables: DescribedTables, label: str, position: _Position) -> None:
    """Take out the hyperedges whose member is no key of its modality, and say how many."""
    records, modality = tables.records, position.member.modality
    before = records.num_rows(label)
    known = f"SELECT id FROM {records.tables[modality].name} WHERE id IS NOT NULL"
    records.store.run(f"DELETE FROM {records.tables[label].name} WHERE {position.name} NOT IN ({known})")
    left_out = before - records.num_rows(label)
    if left_out:
        counted = "1 hyperedge" if left_out == 1 else f"{left_out:,} hyperedges"
        records.note(f"{label}: {counted} left out, with no key of {modality} in {position.column.header}")


def _note_several(tables: DescribedTables, label: str, place: str, positions: dict[str, _Position], raw_name: str) -> None:
    """Say how many hyperedges have come of how many rows, and what stood twice in one cell."""
    records = tables.records
    num_rows = records.store.value(f"SELECT count(DISTINCT row) FROM {records.tables[label].name}")
    num_hyperedges = records.num_rows(label)
    if num_hyperedges > num_rows:
        records.note(f"{label}: {num_rows_in_words(num_rows)} of {place} made {num_hyperedges:,} hyperedges")
    for position in positions.values():
        repeats = records.store.value(f"SELECT sum(len({position.ids}) - len({position.cell})) FROM {raw_name}")
        if repeats:
            noun = "1 repeat" if repeats == 1 else f"{repeats:,} repeats"
            records.note(f"{label}: {noun} inside cells of {position.column.header} merged")
