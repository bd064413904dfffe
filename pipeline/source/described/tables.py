"""From raw tables to the staged tables of a data set, in SQL, a description's part at a time.

What does not convert is a problem with its row; what is not there (an empty member, a value that is missing) is left out and
counted in the notes. No row of a table is held in Python.
"""

from dataclasses import replace

from pipeline.domain.dataset import PropertyType
from pipeline.domain.did_you_mean import did_you_mean
from pipeline.records.records import Records
from pipeline.records.store import literal, quoted
from pipeline.records.tables import ELEMENT, graph_table_key, member_columns, num_rows_in_words
from pipeline.source.described.cell_values import EXPECTED, is_list, is_several, text, texts, typed, typed_list, underivable
from pipeline.source.described.description import Description, ModalityTable, Relation
from pipeline.source.described.suspicions import TextColumn
from pipeline.source.files.delimited import IF_NO_HEADER
from pipeline.source.files.derivation import Derivation
from pipeline.source.files.graph_table import ELEMENT_HEADER, OBSTACLES_HEADER
from pipeline.source.files.raw_table import Column, RawTable
from pipeline.source.files.raw_tables import RawTables


class DescribedTables:
    """Fills the staged tables of a data set from its raw ones.

    Parameters
    ----------
    records
        Which to fill.
    raw_tables
        The files.
    """

    def __init__(self, records: Records, raw_tables: RawTables) -> None:
        self.records = records
        self.raw_tables = raw_tables
        self.texts: list[TextColumn] = []
        """The columns of which any text is taken as it is."""
        self.shared: dict[str, tuple[RawTable, dict[str, dict[str, str]]]] = {}
        """Tables whose rows are those of several types, by their name: what rows lack for each, as `note_left_out` has it."""

    def fill_entities(self, label: str, modality: ModalityTable) -> None:
        """Stage the entities of a modality that has a table."""
        if modality.table is None or modality.key is None or (raw := self.raw_tables.of(modality.table)) is None:
            return
        headers = {name: described.column or name for name, described in modality.properties.items()}
        wanted = [modality.key.column, *([modality.name.column] if modality.name else []), *headers.values()]
        columns = self.columns(raw, label, wanted)
        if columns is None:
            return
        key = self.derived(raw, label, columns[modality.key.column], modality.key.derive)
        name = self.derived(raw, label, columns[modality.name.column], modality.name.derive) if modality.name else key
        cells = [text(key), f"coalesce({text(name)}, {text(key)})"]
        self._refuse_lists(raw, label, list({key, name}))
        if modality.name:
            self.texts.append(TextColumn(raw, name, may_be_list=False))
        for property_name, described in modality.properties.items():
            column = self.derived(raw, label, columns[headers[property_name]], described.derive, described.separator)
            if described.type in {"string", "strings"}:
                self.texts.append(TextColumn(raw, column, may_be_list=False))
            cells.append(self.value(raw, label, column, described.type, described.separator))
            self.records.columns[label, property_name] = column.header
        if modality.table.nodes is not None:
            cells.append(self._element(raw, label, text(key)))
        self.records.places[label] = raw.place
        self.records.columns[label, "id"] = key.header
        self.records.columns[label, "name"] = name.header
        self.records.fill(label, f"SELECT {literal(raw.place)}, row, {', '.join(cells)} FROM {raw.name}")

    def _element(self, raw: RawTable, label: str, id_: str) -> str:
        """SQL of what tells which node a row is; nodes that cannot be adopted are among the problems."""
        obstacles = raw.columns[OBSTACLES_HEADER]
        if obstacles.kind != "text":  # lists, where there are any
            where, expected = f"{literal(label)}, {literal(raw.place)}, row, NULL", f"unnest({obstacles.name})"
            self.records.problem(f"SELECT {where}, {expected}, {id_} FROM {raw.name} WHERE {obstacles.name} IS NOT NULL")
        return raw.columns[ELEMENT_HEADER].name

    def refuse_shared_nodes(self, description: Description) -> None:
        """Note the nodes that two modalities adopt as problems of the second."""
        before: list[tuple[str, str]] = []
        for label, modality in description.modalities.items():
            if modality.table is None or modality.table.nodes is None:
                continue
            own = self.records.tables[label].name
            for nodes, other in before:
                expected = literal(f"a node that is no {nodes} as well")
                shared = f"{quoted(ELEMENT)} IN (SELECT {quoted(ELEMENT)} FROM {other})"
                self.records.problem(f"SELECT {literal(label)}, place, row, NULL, {expected}, id FROM {own} WHERE {shared}")
            before.append((modality.table.nodes, own))

    def fill_relations(self, relation: Relation) -> None:
        """Stage an intra-modal graph that has a table."""
        if relation.table is None or relation.source is None or relation.target is None:
            return
        raw = self.raw_tables.of(relation.table)
        if raw is None:
            return
        key = graph_table_key(relation.modality, relation.type)
        ends = [relation.source, relation.target]
        headers = [end.column for end in ends]
        columns = self.columns(raw, key, [*headers, *([relation.strength] if relation.strength else [])])
        if columns is None:
            return
        end_columns = [self.derived(raw, key, columns[end.column], end.derive) for end in ends]
        self._refuse_lists(raw, key, end_columns)
        source, target = map(text, end_columns)
        lacks = {f"nothing in {header}": f"{end} IS NULL" for header, end in zip(headers, (source, target), strict=True)}
        weight = "1.0"
        if relation.strength:
            weight = self.value(raw, key, columns[relation.strength], "float")
            lacks[f"nothing in {relation.strength}"] = f"{text(columns[relation.strength])} IS NULL"
        self.records.columns |= {(key, "source"): headers[0], (key, "target"): headers[1]}
        self.records.columns[key, "weight"] = relation.strength or "weight"
        self.note_left_out(raw, key, lacks)
        derivable = " AND ".join(f"len({underivable(column)}) = 0" for column in end_columns)
        rows = f"SELECT row, {source} AS source, {target} AS target, {weight} AS weight FROM {raw.name} WHERE {derivable}"
        complete = "source IS NOT NULL AND target IS NOT NULL AND weight IS NOT NULL"
        self.records.fill(key, f"SELECT {literal(raw.place)}, * FROM ({rows}) WHERE {complete}")

    def collect_entities(self, label: str, description: Description) -> None:
        """Stage the entities of a modality that has no table: those that relations and hyperedges name."""
        ends = []
        for relation in description.relations:
            if relation.modality == label:
                ends += [(graph_table_key(label, relation.type), end) for end in ("source", "target")]
        for key, hyperedges in description.hyperedges.items():
            names = member_columns(len(hyperedges.members))
            ends += [(key, name) for name, member in zip(names, hyperedges.members, strict=True) if member.modality == label]
        named = " UNION ALL ".join(f"SELECT place, row, {name} AS id FROM {self.records.tables[key].name}" for key, name in ends)
        first = "arg_min(place, (place, row)), arg_min(row, (place, row))"
        self.records.fill(label, f"SELECT {first}, id, id FROM ({named}) GROUP BY id ORDER BY id")

    def columns(self, raw: RawTable, key: str, headers: list[str]) -> dict[str, Column] | None:
        """The columns of those names; None if one is missing, which is then among the problems."""
        missing = [header for header in dict.fromkeys(headers) if header not in raw.columns]
        meant = {header: did_you_mean(header, raw.columns) for header in missing}
        there = f"there are {', '.join(raw.columns)}{raw.header_cause}"
        if len(missing) == len(set(headers)) and not any(meant.values()):
            # Nothing is as it should be: that is one problem, and not one of each column.
            if raw.has_header and not raw.header_cause:
                there += f"; {IF_NO_HEADER}"
            column, expected = (
                (missing[0], "a column of that name") if len(missing) == 1 else (None, f"columns {', '.join(missing)}")
            )
            self._refuse(raw, key, column, expected, f"none; {there}" if column else f"none of them; {there}")
            return None
        for header in missing:
            found = f"none{meant[header]} There{there[5:]}" if meant[header] else f"none; {there}"
            self._refuse(raw, key, header, "a column of that name", found)
        return None if missing else {header: raw.columns[header] for header in headers}

    def derived(self, raw: RawTable, key: str, column: Column, derive: Derivation | None, separator: str | None = None) -> Column:
        """A column of what is made of another's texts; a text of which that cannot be made is among the problems."""
        column = replace(column, derive=derive)
        if derive not in {None, "lower"}:
            # The one that is wrong, not the whole list.
            bad = underivable(column, separator)
            expected = EXPECTED["integer"] if derive == "integer" else "a year, or a date as 2026-11-23"
            self.problem(raw, key, column, expected, f"len({bad}) > 0", f"{bad}[1]")
        return column

    def value(self, raw: RawTable, key: str, column: Column, kind: PropertyType, separator: str | None = None) -> str:
        """SQL of a column's values in their type; cells that are no such value are among the problems."""
        if is_list(kind):
            cells = texts(column, separator)
            values = typed_list(kind, cells)
            bad = f"len(list_filter({values}, lambda y: y IS NULL)) > 0"
            # The element that is wrong, not the whole list.
            found = f"{cells}[list_position(list_transform({values}, lambda y: y IS NULL), true)]"
        else:
            values = typed(kind, text(column))
            bad = f"({is_several(column)} OR ({text(column)} IS NOT NULL AND {values} IS NULL))"
            found = f"coalesce({text(column)}, CAST({column.name} AS VARCHAR))"
        self.problem(raw, key, column, EXPECTED[kind], bad, found)
        return values

    def problem(self, raw: RawTable, key: str, column: Column, expected: str, bad: str, found: str) -> None:
        """Note the rows for which a condition holds as problems; what was found is SQL too."""
        where = f"{literal(key)}, {literal(raw.place)}, row, {literal(column.header)}, {literal(expected)}"
        self.records.problem(f"SELECT {where}, left({found}, 200) FROM {raw.name} WHERE {bad}")

    def _refuse(self, raw: RawTable, key: str, column: str | None, expected: str, found: str) -> None:
        """Note a problem of a whole table, or a whole column."""
        place, named = literal(raw.place), "NULL" if column is None else literal(column)
        self.records.problem(f"SELECT {literal(key)}, {place}, NULL, {named}, {literal(expected)}, {literal(found)}")

    def _refuse_lists(self, raw: RawTable, key: str, columns: list[Column]) -> None:
        for column in columns:
            if column.kind != "text":
                self.problem(raw, key, column, "one text", is_several(column), f"CAST({column.name} AS VARCHAR)")

    def note_left_out(self, raw: RawTable, key: str, lacks: dict[str, str]) -> None:
        """Count the rows that give nothing: SQL conditions by what such a row has, in words."""
        conditions = [" OR ".join(lacks.values()), *lacks.values()]
        ((total, *counts),) = self.records.store.rows(
            f"SELECT {', '.join(f'count(*) FILTER ({condition})' for condition in conditions)} FROM {raw.name}"
        )
        if total:
            why = [(lack, count) for lack, count in zip(lacks, counts, strict=True) if count]
            shown = why[0][0] if len(why) == 1 else ", ".join(f"{lack} ({count:,})" for lack, count in why)
            self.records.note(f"{key}: {num_rows_in_words(total)} of {raw.place} left out, with {shown}")

    def note_rows_of_no_type(self) -> None:
        """Count the rows of tables that several types share of which none makes anything."""
        for raw, by_type in self.shared.values():
            if len(by_type) == 1:
                ((label, lacks),) = by_type.items()
                self.note_left_out(raw, label, lacks)
                continue
            none = " AND ".join(f"({' OR '.join(lacks.values())})" for lacks in by_type.values())
            total = self.records.store.value(f"SELECT count(*) FROM {raw.name} WHERE {none}")
            if total:
                self.records.note(f"{num_rows_in_words(total)} of {raw.place} left out, of none of {', '.join(by_type)}")
