"""A draft as the text of a data set file, with what was seen as comments."""

import json
from collections.abc import Iterable, Iterator, Sequence

from pipeline.source.files.table_file import TableFile
from pipeline.source.sketch.draft import Draft, DraftHyperedges, DraftMember, DraftModality
from pipeline.source.sketch.profile import ColumnProfile

_NUMBERS = frozenset({"integer", "float"})
_WORDS_OF_TEXT = 6


def toml_text(name: str, draft: Draft, notes: Iterable[str] = ()) -> str:
    """The data set file that says what a draft has found.

    Parameters
    ----------
    name
        Of the data set.
    draft
        What was found.
    notes
        What else to say, a comment each.
    """
    lines = [
        "# A guess from the tables, by `hyperlearn init`: look through it, rename and delete what you like, and try it with",
        "# `hyperlearn check`. docs/datasets.md explains every field; the schema is what `hyperlearn check --schema` prints.",
        "",
        f"name = {toml_string(name)}",
        *comments([*notes, *draft.unused]),
    ]
    for modality in draft.modalities.values():
        lines += ["", *_modality(modality)]
    for hyperedges in draft.hyperedges:
        lines += ["", *_hyperedges(hyperedges)]
    if not draft.hyperedges:
        lines += ["", *_NO_HYPEREDGES]
    return "\n".join(lines) + "\n"


_NO_HYPEREDGES = (
    "# No columns were found that join two kinds of entities. A data set needs at least one type of hyperedge:",
    "# [hyperedges.Writing]",
    '# table = "books.csv"',
    '# members = [{ modality = "Book", column = "isbn" }, { modality = "Author", column = "author" }]',
)


def _modality(modality: DraftModality) -> Iterator[str]:
    yield f"[modalities.{modality.label}]"
    if modality.table is None or modality.key is None:
        yield from comments(["no table: its entities are those that the columns name", *modality.seen])
        return
    yield from comments(modality.seen)
    yield f"table = {_table(modality.table.file)}"
    key = toml_string(modality.key.header)
    yield f"key = {key if modality.key.column.derive is None else f'{{ column = {key}{_derive(modality.key)} }}'}"
    if modality.name is not None:
        comment = f"  # {modality.name.num_distinct:,} different ones in {modality.name.num:,} rows"
        yield f"name = {toml_string(modality.name.header)}{comment}"
    if modality.properties:
        yield ""
        yield f"[modalities.{modality.label}.properties]"
        for name, column in modality.properties.items():
            yield f"{name} = {_property(name, column)}{_gaps(column, modality.table.num_rows)}"
    yield from _features(modality)


def _property(name: str, column: ColumnProfile) -> str:
    kind = column.type
    options = [f"type = {toml_string(kind)}"]
    if name != column.header:
        options.append(f"column = {toml_string(column.header)}")
    if column.separator is not None:
        options.append(f"separator = {toml_string(column.separator)}")
    return toml_string(kind) if len(options) == 1 else f"{{ {', '.join(options)} }}"


def _features(modality: DraftModality) -> Iterator[str]:
    """Features to make neighbours of, as comments: whether they say what is alike, only a person knows."""
    lines = []
    for name, column in modality.properties.items():
        if column.type in _NUMBERS:
            lines.append(f'{name} = {{ kind = "number", column = {toml_string(column.header)} }}')
        elif column.type == "string" and column.num_words > _WORDS_OF_TEXT:
            lines.append(f'{name} = {{ kind = "text", column = {toml_string(column.header)} }}')
    yield from nearest(modality.label, lines)


def nearest(label: str, features: Sequence[str]) -> Iterator[str]:
    """Comments that relate a modality's entities by features, where there are any."""
    if features:
        yield ""
        yield from comments(
            [
                "Take the # off to join each to the ten that are nearest by these:",
                f"[modalities.{label}.features]",
                *features,
                "[[relations]]",
                f'modality = "{label}"',
                "nearest = 10",
            ]
        )


def _hyperedges(hyperedges: DraftHyperedges) -> Iterator[str]:
    yield f"[hyperedges.{hyperedges.label}]"
    yield from comments(hyperedges.seen)
    yield f"table = {_table(hyperedges.table.file)}"
    yield "members = ["
    yield from (f"    {_member(member)}," for member in hyperedges.members)
    yield "]"
    if hyperedges.empty is not None:
        yield f"empty = [{toml_string(hyperedges.empty.header)}]  # a row that has something there joins more"
    if hyperedges.value is not None:
        comment = "to be predicted; without this line it only counts that they are joined"
        yield f"value = {toml_string(hyperedges.value.header)}  # {comment}"
    if hyperedges.time is not None:
        yield f"time = {{ column = {toml_string(hyperedges.time.header)}, type = {toml_string(hyperedges.time.type)} }}"


def _member(member: DraftMember) -> str:
    separator = member.column.separator
    more = ("" if separator is None else f", separator = {toml_string(separator)}") + _derive(member.column)
    more += ", only_known = true" if member.only_known else ""
    return f"{{ modality = {toml_string(member.modality)}, column = {toml_string(member.column.header)}{more} }}"


def _derive(column: ColumnProfile) -> str:
    derive = column.column.derive
    return "" if derive is None else f", derive = {toml_string(derive)}"


def _table(file: TableFile) -> str:
    given = file.model_dump(exclude_unset=True)
    if given.keys() == {"path"}:
        return _value(given["path"])
    return f"{{ {', '.join(f'{key} = {_value(value)}' for key, value in given.items())} }}"


def _gaps(column: ColumnProfile, num_rows: int) -> str:
    return f"  # empty in {num_rows - column.num:,} of {num_rows:,} rows" if column.num < num_rows else ""


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case tuple():
            return f"[{', '.join(toml_string(str(each)) for each in value)}]"
        case _:
            return toml_string(str(value))


def toml_string(text: str) -> str:
    """A text as TOML spells it: as JSON does, and what cannot be seen, or a terminal would obey, by its number."""
    spelled = json.dumps(text, ensure_ascii=False)
    return "".join(character if character.isprintable() else f"\\U{ord(character):08X}" for character in spelled)


def comments(lines: Iterable[str]) -> Iterator[str]:
    """Lines that TOML does not read."""
    for line in lines:
        plain = "".join(character if character.isprintable() else " " for character in line)
        yield f"# {plain}"
