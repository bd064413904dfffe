"""What tables probably describe: modalities, their properties, and the hyperedges that join them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from textwrap import shorten
from typing import NamedTuple

from pipeline.records.store import Store
from pipeline.source.described.cell_values import typed
from pipeline.source.sketch.arities import fewest_filled, like
from pipeline.source.sketch.names import label, property_name, singular, thing, words
from pipeline.source.sketch.profile import GAPS, ColumnProfile, TableProfile
from pipeline.source.sketch.references import VALUE_WORDS, Reference, beside, is_id, is_name, key_of, missing_keys, references, stem

_FILLED = 0.95
_COMPLETE = 0.5
_MOST_MEMBERS = 5
_MOST_MEMBERS_OF_FACTS = 8
_MOST_COMBINATIONS = 4.0
_MOST_CODES = 400
_ROWS_PER_CODE = 20
_LONGEST_CATEGORY = 100
_LONGEST_EXAMPLE = 30
_WORDS_OF_CATEGORY = 6
_WORDS_OF_ID = 1.5
_NEARLY_ALL = 0.8
_COMMON = 0.5
_MANY_COMMON = 0.25
_FEWEST_COMMON = 10
_MANY = 50
_AS_FAR = 0.05
_ENDS = (("source", "target"), ("from", "to"), ("src", "dst"), ("head", "tail"), ("subject", "object"), ("citing", "cited"))


@dataclass(frozen=True)
class DraftMember:
    """A column whose values are entities."""

    modality: str
    column: ColumnProfile
    only_known: bool = False


@dataclass
class DraftModality:
    """A kind of entity; ``table`` is None where its entities are those that columns name.

    Attributes
    ----------
    properties
        Columns by the name of the property.
    seen
        What was counted, and what is left to the reader, a line each.
    """

    label: str
    table: TableProfile | None = None
    key: ColumnProfile | None = None
    name: ColumnProfile | None = None
    properties: dict[str, ColumnProfile] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)


@dataclass
class DraftHyperedges:
    """A type of hyperedge; ``empty``, ``value`` and ``time`` are columns."""

    label: str
    table: TableProfile
    members: list[DraftMember]
    empty: ColumnProfile | None = None
    value: ColumnProfile | None = None
    time: ColumnProfile | None = None
    seen: list[str] = field(default_factory=list)


@dataclass
class Draft:
    """All that was found, and what was not used, a line each."""

    modalities: dict[str, DraftModality] = field(default_factory=dict)
    hyperedges: list[DraftHyperedges] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


def draft(store: Store, tables: Sequence[TableProfile]) -> Draft:
    """Guess what tables describe."""
    return _Drafting(store, tables).draft


class _Drafting:
    def __init__(self, store: Store, tables: Sequence[TableProfile]) -> None:
        self._store = store
        self._tables = tables
        self.draft = Draft()
        found = ((position, key_of(table)) for position, table in enumerate(tables) if table.file.number is None)
        self._keys: dict[int, ColumnProfile] = {position: key for position, key in found if key is not None}
        self._keys = {position: key for position, key in self._keys.items() if not self._numbers_facts(position)}
        more = {position: (first, self._keys.pop(position)) for position, first in self._told_more_of().items()}
        self._columns_of: dict[str, list[tuple[int, ColumnProfile]]] = {}
        self._label_of: dict[int, str] = {}
        for position, key in self._keys.items():
            name = label(stem(tables[position]), self.draft.modalities)
            self._label_of[position] = name
            self.draft.modalities[name] = DraftModality(name, tables[position], key)
        for position in range(len(tables)):
            if position in self._keys:
                self._entities(position)
            elif tables[position].file.number is not None:
                self._sets(position)
            elif position in more:
                self._more_of(position, *more[position])
            else:
                self._facts(position)

    def _told_more_of(self) -> dict[int, int]:
        """Tables whose rows are entities of another as well, and that one: its key, called the same, has all values of theirs.

        Of several it is the one with the most rows, and of as many the first: that one's are nobody else's.
        """
        alike: dict[tuple[object, ...], list[int]] = {}
        for position, key in self._keys.items():
            if key.num_distinct >= _FEWEST_COMMON:
                alike.setdefault((*words(key.header), key.type, key.column.derive), []).append(position)
        found: dict[int, int] = {}
        for positions in alike.values():
            if len(positions) < 2:
                continue
            telling = [position for position in positions if not self._is_numbered(position)]
            telling.sort(key=lambda position: -self._keys[position].num_distinct)
            for number, position in enumerate(telling):
                holders = (other for other in telling[:number] if self._has_keys_of(other, position))
                if (first := next(holders, None)) is not None:
                    found[position] = first
        return found

    def _has_keys_of(self, position: int, other: int) -> bool:
        """Whether all keys of another table are keys of this one as well."""
        tables, keys = self._tables, self._keys
        missing, _ = missing_keys(self._store, tables[other], keys[other], tables[position], keys[position])
        return missing == 0

    def _is_numbered(self, position: int) -> bool:
        """Whether keys end in numbers with hardly a gap, as those of any table may: that two have the same says nothing."""
        key = self._keys[position]
        number = f"TRY_CAST(regexp_extract({key.column.name}, '[0-9]+$') AS DOUBLE)"
        span = self._store.value(f"SELECT max({number}) - min({number}) FROM {self._tables[position].raw.name}")
        return span is not None and bool(span < GAPS * key.num_distinct)

    def _numbers_facts(self, position: int) -> bool:
        """Whether a key only numbers rows that are nothing of their own.

        It is called no id, no other table names it, the rows have no name, and they join something.
        """
        table, key = self._tables[position], self._keys[position]
        columns = [column for column in table.columns.values() if column is not key and column.num]
        has_name = any(
            column.type == "string" and not column.is_time and column.num_distinct >= _NEARLY_ALL * table.num_rows
            for column in columns
        )
        if not key.is_running or is_id(key.header) or has_name or sum(map(_is_category, columns)) < 2:
            return False
        others = [
            references(self._store, self._tables, {position: key}, other, column)
            for other, its_columns in enumerate(self._tables)
            for column in its_columns.columns.values()
            if other != position and not column.is_running and column.num
        ]
        return not any(others)

    def _taken(self) -> list[str]:
        return [*self.draft.modalities, *(each.label for each in self.draft.hyperedges)]

    def _references(self, position: int) -> Mapping[str, Reference]:
        columns = self._tables[position].columns.values()
        key = self._keys.get(position)
        found = {
            column.header: references(self._store, self._tables, self._keys, position, column)
            for column in columns
            if column.num and column is not key
        }
        known = {header: reference for header, reference in found.items() if reference is not None}
        named = {self._tables[position].columns[header]: reference for header, reference in known.items()}
        for column in columns:
            if column.header not in found or column.header in known or VALUE_WORDS & set(words(column.header)):
                continue
            for partner, reference in named.items():
                other = self._tables[reference.target]
                same = beside(self._store, self._tables[position], column, partner, reference, other)
                if same is not None:
                    known[column.header] = same
                    break
        return known

    def _member(self, position: int, column: ColumnProfile, reference: Reference | None, before: str) -> DraftMember:
        """A column as a member, of the table that it names or of a modality without one."""
        if reference is not None:
            if reference.derive != column.column.derive:
                column = replace(column, column=replace(column.column, derive=reference.derive))
            return DraftMember(self._label_of[reference.target], column, only_known=reference.num_missing > 0)
        # Columns of one name, in whatever table, are of one kind; names that were made for want of a header say nothing.
        about = thing(column.header)
        wanted = "".join(word.capitalize() for word in about)
        known = self.draft.modalities.get(wanted)
        if known is not None and known.table is None and self._tables[position].file.header:
            self._columns_of[wanted].append((position, column))
            return DraftMember(wanted, column)
        for name, columns in self._columns_of.items():
            for other, known_column in columns:
                num_common = self._num_common(position, column, other, known_column)
                if num_common:
                    self.draft.modalities[name].seen.append(
                        f"{column.header}: {_counted(column)}, {num_common:,} of them {known_column.header} as well: one kind"
                    )
                    columns.append((position, column))
                    return DraftMember(name, column)
        name = label(column.header, self._taken(), before)
        self.draft.modalities[name] = DraftModality(name, seen=[f"{column.header}: {_shown(column)}"])
        self._columns_of[name] = [(position, column)]
        return DraftMember(name, column)

    def _num_common(self, position: int, column: ColumnProfile, other: int, known: ColumnProfile) -> int:
        """How many values two columns of texts have in common, if they are so many that both name the same things; else 0."""
        fewest = min(column.num_values[1], known.num_values[1])
        are_texts = all(each.type in {"string", "strings"} for each in (column, known))
        are_ends = position == other and _are_ends(known.header, column.header)
        may_be_ids = position == other and not self._tables[position].file.header and self._go_as_far(position, column, known)
        if fewest < _FEWEST_COMMON or not (are_texts or are_ends or may_be_ids):
            return 0
        here, there = (
            f"SELECT DISTINCT unnest({each.values}) AS value FROM {self._tables[table].raw.name}"
            for table, each in ((position, column), (other, known))
        )
        num_common: int = self._store.value(f"SELECT count(*) FROM ({here}) WHERE value IN ({there})")
        # Of many values a smaller share is no chance: entities of triples are subjects or objects, and some are both.
        share = _MANY_COMMON if num_common >= _MANY else _COMMON
        if not (are_texts or are_ends) and (num_common < _MANY or num_common < _COMMON * fewest):
            return 0
        return num_common if num_common >= share * fewest else 0

    def _go_as_far(self, position: int, one: ColumnProfile, other: ColumnProfile) -> bool:
        """Whether whole numbers of columns without names may be ids of one kind: of users and films they end apart."""
        if not (_repeats(one) and _repeats(other)):
            return False
        greatest = ", ".join(f"max({typed('integer', column.column.name)})" for column in (one, other))
        last, other_last = self._store.rows(f"SELECT {greatest} FROM {self._tables[position].raw.name}")[0]
        return bool(abs(last - other_last) <= _AS_FAR * max(last, other_last))

    def _entities(self, position: int) -> None:
        """A table with a key: a modality, and what its columns join it with."""
        table, key, own = self._tables[position], self._keys[position], self._label_of[position]
        modality = self.draft.modalities[own]
        modality.seen.append(f"{table.num_rows:,} rows; {key.header} is there once in each")
        refers = self._references(position)
        modality.name = _name_of(table, key, refers)
        joined: list[tuple[ColumnProfile, Reference | None]] = []
        for column in table.columns.values():
            reference = refers.get(column.header)
            if column is key or column is modality.name:
                continue
            if not column.num:
                modality.seen.append(f"{column.header}: all cells are empty")
            elif reference is not None or _is_category(column):
                joined.append((column, reference))
            else:
                name = property_name(column.header, modality.properties)
                modality.properties[name] = column
                if column.has_comma:
                    modality.seen.append(
                        f"{column.header}: numbers with commas, which are read as texts; with points they would be numbers"
                    )
                elif column.is_time and column.type == "string":
                    modality.seen.append(
                        f"{column.header}: dates or times that are read as texts; as 2026-11-23 they would be dates"
                    )
                if _is_code(column):
                    modality.seen.append(f"{column.header} could be a member of hyperedges as well: {_shown(column)}")
        self._join_with(position, key, own, joined)

    def _more_of(self, position: int, first: int, key: ColumnProfile) -> None:
        """A table that tells more of the entities of another one: what its columns join them with."""
        table, own = self._tables[position], self._label_of[first]
        refers = self._references(position)
        columns = [column for column in table.columns.values() if column is not key and column.num]
        joined = [(c, refers.get(c.header)) for c in columns if c.header in refers or _is_category(c)]
        self._join_with(position, key, own, joined)
        left = [column.header for column in columns if column.header not in {c.header for c, _ in joined}]
        told = f"{table.raw.place} tells more of {own}: each {key.header} is one of {self._tables[first].raw.place}"
        if left:
            told += f". A modality has one table: put {', '.join(left)} there to have them as properties"
        self.draft.unused.append(told)

    def _join_with(self, position: int, key: ColumnProfile, own: str, joined: list[tuple[ColumnProfile, Reference | None]]) -> None:
        """Hyperedges of the entities that a key names with what other columns of the table name."""
        table = self._tables[position]
        first = [(c, r) for c, r in joined if c.num >= _FILLED * table.num_rows and not (r and r.num_missing)]
        first = _few_combinations(sorted(first, key=lambda each: each[1] is None))[: _MOST_MEMBERS - 1]
        # A key is one text, whatever stands in it.
        itself = DraftMember(own, replace(key, separator=None))
        if first:
            self._join(table, [itself, *(self._member(position, c, r, own) for c, r in first)])
        for column, reference in joined:
            if not any(column is c for c, _ in first):
                self._join(table, [itself, self._member(position, column, reference, own)])
            if reference is not None and reference.num_missing:
                self.draft.hyperedges[-1].seen.append(self._dangling(column, reference))

    def _join(self, table: TableProfile, members: list[DraftMember]) -> None:
        name = label(" ".join(member.modality for member in members), self._taken())
        if len(members) == 2 and members[0].modality == members[1].modality:
            name = label(f"{members[0].modality} {members[1].column.header}", self._taken(), "To")
        seen = [f"{member.column.header}: {_shown(member.column)}" for member in members[1:]]
        self.draft.hyperedges.append(DraftHyperedges(name, table, members, seen=seen))

    def _sets(self, position: int) -> None:
        """A table whose rows are sets of any size: each is an entity of its own, and joined with its members."""
        table = self._tables[position]
        number, members = table.columns.values()
        name = label(stem(table), self._taken())
        seen = f"{table.num_rows:,} rows, each a set, called by its number: a row that comes between moves others on"
        self.draft.modalities[name] = DraftModality(name, seen=[seen])
        self._join(table, [DraftMember(name, number), self._member(position, members, None, "")])

    def _facts(self, position: int) -> None:
        """A table without a key: each row joins what its columns name."""
        table = self._tables[position]
        refers = self._references(position)
        seen = [self._dangling(table.columns[header], each) for header, each in refers.items() if each.num_missing]
        columns = _sorted(table, refers)
        joined, numbers = columns.joined, columns.numbers
        seen += [f"{column.header} is not used: {_shown(column)}" for column in columns.unused]
        if len(joined) < 2:
            # Without them the rows join nothing.
            found_first = {column.header: reference for column, reference in joined}
            joined = [(c, found_first.get(c.header)) for c in table.columns.values() if c.header in found_first or c in numbers]
            numbers = []
        joined = self._without_twins(table, joined, seen)
        fewest = max(2, fewest_filled(self._store, table, [column for column, _ in joined]))
        if fewest < len(joined) and not (columns.values or columns.times):
            seen += [f"{column.header} could be a member as well: {_shown(column)}" for column in numbers]
            self._facts_by_arity(position, joined, fewest, seen)
            return
        joined, spare = _most_telling(joined, table.num_rows)
        spare += numbers
        joined, left = self._mostly_complete(table, joined)
        seen += [f"{column.header} is not used: it is empty in {table.num_rows - column.num:,} rows" for column in left]
        seen += [f"{column.header} could be a member as well: {_shown(column)}" for column in spare]
        if len(joined) < 2:
            self.draft.unused += [f"{table.raw.place}: no two columns that join anything were found", *seen]
            return
        name = label(stem(table), self._taken(), "Each")
        # Its name is taken before those of its members, which may be called the same.
        found = DraftHyperedges(name, table, [], seen=seen)
        self.draft.hyperedges.append(found)
        found.members += [self._member(position, column, reference, name) for column, reference in joined]
        found.seen[:0] = [f"{table.num_rows:,} rows", *(f"{c.header}: {_shown(c)}" for c, _ in joined)]
        value, time = next(iter(columns.values), None), next(iter(columns.times), None)
        others = [*(column for column, reference in joined if reference is None), *spare]
        if value is None and any(column.type in {"integer", "float"} and not is_id(column.header) for column in others):
            seen.append('a number that is measured, as a mark is, is the value and no member: value = "COLUMN"')
        if self._is_one(found, value, time):
            found.value, found.time = value, time
        else:
            told = " and ".join(column.header for column in (value, time) if column is not None)
            found.seen.append(f"{told} left out: some combinations of members stand several times, with different ones")

    def _facts_by_arity(
        self, position: int, joined: list[tuple[ColumnProfile, Reference | None]], fewest: int, seen: list[str]
    ) -> None:
        """A table whose rows join different numbers of columns: a type for each number."""
        table = self._tables[position]
        columns = [column for column, _ in joined]
        counts = [column.num for column in columns[fewest - 1 :]] + [0]
        types: list[DraftHyperedges] = []
        for arity, num_rows in enumerate(map(int.__sub__, counts, counts[1:]), start=fewest):
            if num_rows:
                name = label(f"{stem(table)} {arity}", self._taken())
                types.append(DraftHyperedges(name, table, [], empty=columns[arity] if arity < len(columns) else None))
                types[-1].seen.append(f"{num_rows:,} rows that join {arity}")
                self.draft.hyperedges.append(types[-1])
        types[0].seen += [*(f"{column.header}: {_shown(column)}" for column in columns), *seen]
        members: list[DraftMember] = []
        for place, (column, reference) in enumerate(joined):
            # Elsewhere numbers that every row has may measure something, whatever other numbers they are among.
            asks = reference is None and (table.file.ragged or place >= fewest)
            alike = like(self._store, table, columns[:place], column) if asks else None
            as_before = None if alike is None else replace(members[alike], column=column)
            members.append(as_before or self._member(position, column, reference, types[0].label))
        for each in types:
            each.members = members[: len(members) if each.empty is None else columns.index(each.empty)]

    def _without_twins(
        self, table: TableProfile, joined: list[tuple[ColumnProfile, Reference | None]], seen: list[str]
    ) -> list[tuple[ColumnProfile, Reference | None]]:
        """The columns without those that say what another says in other words, as a code does beside its name."""
        kept: list[tuple[ColumnProfile, Reference | None]] = []
        for column, reference in joined:
            alone = [at for at, (_, its) in enumerate(kept) if reference is its is None]
            at = next((at for at in alone if self._are_twins(table, kept[at][0], column)), None)
            if at is None:
                kept.append((column, reference))
                continue
            # The longer one is what people read.
            short, long = sorted((kept[at][0], column), key=lambda each: each.longest)
            kept[at] = long, None
            seen.append(f"{short.header} is not used: each of its values stands with one of {long.header}, and the other way round")
        return kept

    def _are_twins(self, table: TableProfile, one: ColumnProfile, other: ColumnProfile) -> bool:
        if (
            one.is_list
            or other.is_list
            or one.num < _ROWS_PER_CODE
            or (one.num, one.num_distinct) != (other.num, other.num_distinct)
        ):
            return False
        pairs = f"SELECT DISTINCT {one.column.name}, {other.column.name} FROM {table.raw.name}"
        together = f"SELECT 1 FROM {table.raw.name} WHERE ({one.column.name} IS NULL) <> ({other.column.name} IS NULL)"
        num_pairs = self._store.value(f"SELECT count(*) FROM ({pairs} WHERE {one.column.name} IS NOT NULL)")
        return num_pairs == one.num_distinct and not self._store.value(f"SELECT count(*) FROM ({together})")

    def _mostly_complete(
        self, table: TableProfile, joined: list[tuple[ColumnProfile, Reference | None]]
    ) -> tuple[list[tuple[ColumnProfile, Reference | None]], list[ColumnProfile]]:
        """The columns without those that are so often empty that most rows would be left out."""
        kept, left = list(joined), []
        while len(kept) > 1:
            complete = " AND ".join(f"len({column.values}) > 0" for column, _ in kept)
            if self._store.value(f"SELECT count(*) FROM {table.raw.name} WHERE {complete}") >= _COMPLETE * table.num_rows:
                break
            emptiest = min(kept, key=lambda each: each[0].num)
            kept.remove(emptiest)
            left.append(emptiest[0])
        return kept, left

    def _is_one(self, found: DraftHyperedges, value: ColumnProfile | None, time: ColumnProfile | None) -> bool:
        """Whether every combination of members has one value and one time."""
        told = [typed(column.type, column.column.name) for column in (value, time) if column is not None]
        if not told:
            return True
        members = [member.column for member in found.members]
        if any(column.is_list for column in members):
            return False
        cells = ", ".join(f"{column.column.name} AS m{position}" for position, column in enumerate(members))
        named = ", ".join(f"m{position}" for position in range(len(members)))
        content = f"row({', '.join(told)})"
        several = f"SELECT 1 FROM ({{}}) GROUP BY {named} HAVING count(DISTINCT content) > 1"
        rows = f"SELECT {cells}, {content}::VARCHAR AS content FROM {found.table.raw.name}"
        return not self._store.value(f"SELECT count(*) FROM ({several.format(rows)})")

    def _dangling(self, column: ColumnProfile, reference: Reference) -> str:
        target = self._label_of[reference.target]
        _, num_distinct = column.num_values
        return (
            f"{column.header} seems to name {target}, but {reference.num_missing:,} of {num_distinct:,} values are no key there, "
            f'such as "{reference.example}": they are left out'
        )


class _Sorted(NamedTuple):
    """The columns of a table of facts by what they may be; those that join come with what they name."""

    joined: list[tuple[ColumnProfile, Reference | None]]
    values: list[ColumnProfile]
    times: list[ColumnProfile]
    numbers: list[ColumnProfile]
    unused: list[ColumnProfile]


def _sorted(table: TableProfile, refers: Mapping[str, Reference]) -> _Sorted:
    """Say what the columns of a table of facts may be."""
    found = _Sorted([], [], [], [], [])
    for column in table.columns.values():
        reference = refers.get(column.header)
        joins = reference is not None or _is_category(column) or _is_named_again(column) or _is_code(column) or _is_id(column)
        # Rows of different length are facts of different arity, and have nothing but members.
        if joins or (table.file.ragged and column.num):
            found.joined.append((column, reference))
        elif column.type in {"date", "datetime"}:
            found.times.append(column)
        elif column.type in {"integer", "float"} and VALUE_WORDS & set(words(column.header)):
            found.values.append(column)
        elif _repeats(column):
            found.numbers.append(column)
        else:
            found.unused.append(column)
    return found


def _name_of(table: TableProfile, key: ColumnProfile, refers: Mapping[str, Reference]) -> ColumnProfile | None:
    """The column of names: called so, and different in most rows."""
    called = [
        column
        for column in table.columns.values()
        if column is not key and is_name(column.header) and column.column.kind == "text" and column.header not in refers
    ]
    called = [
        column for column in called if column.num >= _COMPLETE * table.num_rows and column.num_distinct >= _COMPLETE * column.num
    ]
    own = singular(words(stem(table))[-1]) if words(stem(table)) else ""
    return min(called, key=lambda column: (len(words(column.header)) - (own in words(column.header)), column.header), default=None)


def _are_ends(one: str, other: str) -> bool:
    """Whether two columns are called as the ends of pairs are, of which both are of one kind."""
    return any(first in words(one) and second in words(other) for first, second in _ENDS)


def _is_category(column: ColumnProfile) -> bool:
    """Whether a column's texts stand in several rows each, so that they join those."""
    num, distinct = column.num_values
    if column.type not in {"string", "strings"} or column.column.kind == "numbers" or distinct < 2:
        return False
    if column.is_time or column.has_comma:
        return False
    short = column.num_words <= _WORDS_OF_CATEGORY and column.longest <= _LONGEST_CATEGORY
    return short and (2 * distinct <= num or (column.is_list and distinct < num))


def _is_named_again(column: ColumnProfile) -> bool:
    """Whether a column's short texts are ids, some of which stand in several rows: what is said of each joins those."""
    short = column.num_words < _WORDS_OF_ID and column.longest <= _LONGEST_CATEGORY
    return (
        column.type == "string" and short and not column.is_time and not column.has_comma
        and 2 <= column.num_distinct <= _NEARLY_ALL * column.num
    )  # fmt: skip


def _is_code(column: ColumnProfile) -> bool:
    """Whether a column of whole numbers has a few that stand in many rows each, as years and months do."""
    few = 1 < column.num_distinct <= _MOST_CODES and column.num >= _ROWS_PER_CODE * column.num_distinct
    return column.type in {"integer", "boolean"} and few and not VALUE_WORDS & set(words(column.header))


def _is_id(column: ColumnProfile) -> bool:
    """Whether a column of whole numbers is called as ids are, and names something in several rows."""
    has_point = column.has_point and column.column.derive is None
    return is_id(column.header) and column.type == "integer" and not has_point and column.num_distinct <= _NEARLY_ALL * column.num


def _repeats(column: ColumnProfile) -> bool:
    """Whether the whole numbers of a column stand in several rows each; they may be ids, or measure something."""
    return column.type == "integer" and 1 < column.num_distinct <= column.num / 2 and not column.has_point


def _most_telling(
    joined: list[tuple[ColumnProfile, Reference | None]], num_rows: int
) -> tuple[list[tuple[ColumnProfile, Reference | None]], list[ColumnProfile]]:
    """Not too many columns, in their order, and the others.

    Those that name other tables' rows go before texts and ids, these before codes, and those before what has decimal points; of the
    ones that name no rows, those that are there in nearly all rows go first, since a row that lacks a member gives no hyperedge.
    """

    def rank(each: tuple[ColumnProfile, Reference | None]) -> tuple[bool, bool, bool, bool, int]:
        column, reference = each
        is_code = _is_code(column) and not _is_id(column)
        has_gaps = reference is None and column.num < _NEARLY_ALL * num_rows
        return reference is None, has_gaps, is_code, column.has_point, -column.num_values[1]

    telling = {column.header for column, _ in sorted(joined, key=rank)[:_MOST_MEMBERS_OF_FACTS]}
    kept = [each for each in joined if each[0].header in telling]
    return kept, [column for column, _ in joined if column.header not in telling]


def _few_combinations(joined: list[tuple[ColumnProfile, Reference | None]]) -> list[tuple[ColumnProfile, Reference | None]]:
    """The first columns of which a row gives only a few combinations."""
    kept, product = [], 1.0
    for column, reference in joined:
        num, _ = column.num_values
        product *= max(1.0, num / column.num)
        if product > _MOST_COMBINATIONS:
            break
        kept.append((column, reference))
    return kept


def _counted(column: ColumnProfile) -> str:
    """How many values a column has, in words."""
    num, distinct = column.num_values
    different = "1 value" if distinct == 1 else f"{distinct:,} different values"
    return f"{different} in {column.num:,} rows" + (f", {num:,} in all" if column.is_list else "")


def _shown(column: ColumnProfile) -> str:
    """The same, and the most frequent of them: what a column without a heading, or with a short one, holds."""
    examples = ", ".join(shorten(example, _LONGEST_EXAMPLE, placeholder="…") for example in column.examples)
    more = " …" if column.num_values[1] > len(column.examples) else ""
    return f"{_counted(column)}: {examples}{more}"
