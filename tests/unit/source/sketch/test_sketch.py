"""A first data set file: what is guessed of small tables, and that it passes the check on them."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from pipeline.domain.progress import no_progress
from pipeline.errors import ConfigurationError, SourceError
from pipeline.source.described.description import Description, SourceColumn
from pipeline.source.described.source import DescribedSource
from pipeline.source.sketch.sketch import sketch
from tests.postgresql import PostgresqlServer

TUTORIAL = Path(__file__).parents[4] / "docs" / "tutorial.md"


def checked(folder: Path, *files: str) -> tuple[Description, dict[str, int], str]:
    """What is described for files of a folder, how many rows the check finds of each part, and the text."""
    text = sketch([str(folder / file) for file in files], folder, None, no_progress)
    path = folder / "sketch.toml"
    path.write_text(text, encoding="utf-8")
    described = DescribedSource.of_file(path)
    with described.read(no_progress) as records:
        records.check()
        return described.description, {key: records.num_rows(key) for key in records.tables}, text


def members(description: Description, label: str) -> list[tuple[str, str, str | None]]:
    return [(member.modality, member.column, member.separator) for member in description.hyperedges[label].members]


def test_the_books_of_the_tutorial(tmp_path: Path) -> None:
    page = TUTORIAL.read_text(encoding="utf-8")
    for name, content in re.findall(r"<!-- file: (\S+\.csv) -->\n```\w+\n(.*?)```", page, re.DOTALL):
        (tmp_path / name).write_text(content, encoding="utf-8")
    description, counts, text = checked(tmp_path, "books.csv", "authors.csv", "loans.csv")
    book, author = description.modalities["Book"], description.modalities["Author"]
    named = [book.key, book.name, author.key, author.name]
    assert named == [SourceColumn(column=name) for name in ("isbn", "title", "id", "name")]
    assert {name: each.type for name, each in book.properties.items()} == {"year": "integer", "blurb": "string"}
    assert ("Author", "authors", None) in members(description, "BookAuthorLanguageGenre")
    assert ("Genre", "genres", ";") in members(description, "BookAuthorLanguageGenre")
    assert members(description, "Loan") == [("Reader", "reader", None), ("Book", "book", None)]
    assert description.hyperedges["Loan"].time is not None
    assert counts["Book"] == 16
    assert counts["Reader"] == 9
    assert counts["Loan"] == 32
    assert "# genres: 5 different values in 16 rows, 22 in all" in text


def test_without_a_header_and_with_null_markers(tmp_path: Path) -> None:
    kinds = ["Drama", "Drama,Comedy", "Horror,Drama", r"\N"]
    rows = [f"tt{n:03}\tmovie\tTitle {n}\t{1900 + n if n % 3 else chr(92) + 'N'}\t{kinds[n % 4]}\n" for n in range(40)]
    (tmp_path / "titles.tsv").write_text("".join(rows), encoding="utf-8")
    description, counts, text = checked(tmp_path, "titles.tsv")
    assert "# titles.tsv: its first row looks like data; give the columns their names" in text
    assert r'# titles.tsv: "\N" is taken as missing; it is in column4, column5' in text
    title = description.modalities["Title"]
    assert title.table is not None
    assert title.table.model_dump(exclude_unset=True) == {
        "path": "titles.tsv",
        "header": False,
        "columns": ("column1", "column2", "column3", "column4", "column5"),
        "null": (r"\N",),
    }
    assert title.key == SourceColumn(column="column1")
    assert title.properties["column4"].type == "integer"
    assert members(description, "TitleColumn5") == [("Title", "column1", None), ("Column5", "column5", ",")]
    assert counts == {"Title": 40, "Column5": 3, "TitleColumn5": 50}


def test_two_tables_with_a_foreign_key(tmp_path: Path) -> None:
    (tmp_path / "shops.csv").write_text(
        "shop_id,shop_name,opened\n1,North,2001-02-03\n2,South,2004-05-06\n3,West,\n", encoding="utf-8"
    )
    sales = "".join(f"{n % 3 + 1};{['tea', 'milk'][n % 2]};{n / 2}\n" for n in range(60))
    (tmp_path / "sales.csv").write_text("shop_id;product;price\n" + sales, encoding="utf-8")
    description, counts, text = checked(tmp_path, "shops.csv", "sales.csv")
    shop = description.modalities["Shop"]
    assert [shop.key, shop.name] == [SourceColumn(column="shop_id"), SourceColumn(column="shop_name")]
    assert shop.properties["opened"].type == "date"
    assert members(description, "Sale") == [("Shop", "shop_id", None), ("Product", "product", None)]
    assert description.hyperedges["Sale"].table.delimiter == ";"
    assert counts["Sale"] == 6
    assert "# price is not used: 60 different values in 60 rows" in text
    assert 'opened = "date"  # empty in 1 of 3 rows' in text


def test_a_reference_that_is_not_whole_leaves_out_what_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "shops.csv").write_text("id,town\n1,A\n2,A\n3,B\n4,B\n", encoding="utf-8")
    (tmp_path / "sales.csv").write_text("shop,day,buyer\n1,mon,x\n2,mon,x\n9,tue,y\n2,tue,y\n", encoding="utf-8")
    description, counts, text = checked(tmp_path, "shops.csv", "sales.csv")
    assert [modality for modality, *_ in members(description, "Sale")] == ["Shop", "Day", "Buyer"]
    assert [member.only_known for member in description.hyperedges["Sale"].members] == [True, False, False]
    assert counts["Sale"] == 3
    assert '# shop seems to name Shop, but 1 of 3 values are no key there, such as "9": they are left out' in text


def test_both_ends_of_pairs_name_one_table(tmp_path: Path) -> None:
    (tmp_path / "papers.csv").write_text("doi,venue\n" + "".join(f"d{n},v{n % 3}\n" for n in range(40)), encoding="utf-8")
    pairs = "".join(f"d{n},d{n * 7 % 40}\n" for n in range(2, 38)) + "d2,d5\nd1,elsewhere\n"
    (tmp_path / "citations.csv").write_text(f"citing,cited\n{pairs}", encoding="utf-8")
    description, counts, _ = checked(tmp_path, "papers.csv", "citations.csv")
    assert members(description, "Citation") == [("Paper", "citing", None), ("Paper", "cited", None)]
    assert counts["Citation"] == 37
    # Numbers that happen to be keys are not meant so.
    (tmp_path / "products.csv").write_text("id,kind\n" + "".join(f"{n},k{n % 3}\n" for n in range(80)), encoding="utf-8")
    sold = "".join(f"{n}.0,{n * 7 % 80}.0,{n % 60}\n" for n in range(78)) + "2.0,3.0,1\n"
    (tmp_path / "sold.csv").write_text(f"product,with,pieces\n{sold}", encoding="utf-8")
    description, counts, _ = checked(tmp_path, "products.csv", "sold.csv")
    assert members(description, "Sold") == [("Product", "product", None), ("Product", "with", None)]
    assert {member.derive for member in description.hyperedges["Sold"].members} == {"integer"}
    assert counts["Sold"] == 79


def test_triples_of_a_knowledge_graph(tmp_path: Path) -> None:
    things = [f"http://ex.org/thing/{n}" for n in range(200)]
    rows = {(things[n], f"http://ex.org/p/{n % 3}", things[n * 7 % 60]) for n in range(200)}
    rows |= {(things[n], "http://ex.org/p/4", f"http://ex.org/kind/{n % 100}") for n in range(100)}
    lines = "".join(f"{','.join(row)}\n" for row in sorted(rows))
    (tmp_path / "triples.csv").write_text(f"subject,predicate,object\n{lines}", encoding="utf-8")
    description, counts, _ = checked(tmp_path, "triples.csv")
    assert [modality for modality, *_ in members(description, "Triple")] == ["Subject", "Predicate", "Subject"]
    assert counts["Triple"] == len(rows)


def facts(num: int, ends: tuple[str, ...] = ("e",) * 4) -> list[list[str]]:
    """Facts of a relation and two to four members."""
    return [
        [f"r{n % 3}{arity}", *(f"{ends[place]}{(7 * n + 11 * place * n * n) % 23}" for place in range(arity))]
        for n in range(num)
        for arity in (2, 3, 4)
    ]


@pytest.mark.parametrize("entity", ["e", ""])  # entities may be called by numbers
def test_facts_of_different_length_in_one_file(tmp_path: Path, entity: str) -> None:
    rows = facts(40, (entity,) * 4)
    (tmp_path / "facts.txt").write_text("".join("\t".join(fact) + "\n" for fact in rows), encoding="utf-8")
    description, counts, text = checked(tmp_path, "facts.txt")
    assert list(description.modalities) == ["Column1", "Column2"]
    assert {label: each.empty for label, each in description.hyperedges.items()} == {
        "Facts3": ["column4"],
        "Facts4": ["column5"],
        "Facts5": [],
    }
    columns = [("Column1", "column1", None), *(("Column2", f"column{place}", None) for place in range(2, 6))]
    assert [members(description, f"Facts{arity}") for arity in (3, 4, 5)] == [columns[:3], columns[:4], columns]
    assert [counts[f"Facts{arity}"] for arity in (3, 4, 5)] == [40, 40, 40]
    assert "# 40 rows that join 3\n" in text
    table = description.hyperedges["Facts3"].table
    assert (table.ragged, table.header, len(table.columns or ())) == (True, False, 5)


def test_facts_of_different_length_whose_members_are_of_other_kinds(tmp_path: Path) -> None:
    rows = facts(40, ("p", "q", "q", "s"))
    (tmp_path / "facts.tsv").write_text("".join("\t".join(fact) + "\n" for fact in rows), encoding="utf-8")
    description, _, _ = checked(tmp_path, "facts.tsv")
    assert [modality for modality, _, _ in members(description, "Facts5")] == [
        "Column1",
        "Column2",
        "Column3",
        "Column3",
        "Column5",
    ]


def test_facts_of_different_length_with_empty_cells_at_their_ends(tmp_path: Path) -> None:
    rows = pd.DataFrame(facts(40), columns=["relation", "a", "b", "c", "d"])
    rows.to_csv(tmp_path / "facts.csv", index=False)
    description, counts, _ = checked(tmp_path, "facts.csv")
    assert {label: each.empty for label, each in description.hyperedges.items()} == {"Facts3": ["c"], "Facts4": ["d"], "Facts5": []}
    assert [counts[f"Facts{arity}"] for arity in (3, 4, 5)] == [40, 40, 40]
    # A column in between that is empty at times, or one of another kind, is no further member of some facts.
    rows.loc[::2, "b"] = None
    rows.to_csv(tmp_path / "facts.csv", index=False)
    assert len(checked(tmp_path, "facts.csv")[0].hyperedges) == 1
    rows = pd.DataFrame(facts(40, ("e", "e", "x", "y")), columns=["relation", "a", "b", "c", "d"])
    rows.to_csv(tmp_path / "facts.csv", index=False)
    assert len(checked(tmp_path, "facts.csv")[0].hyperedges) == 1


@pytest.mark.parametrize(("sign", "thing"), [(",", "n"), ("\t", "n"), (" ", "")])
def test_lines_of_different_length_with_the_same_things_everywhere_are_sets(tmp_path: Path, sign: str, thing: str) -> None:
    sets = [[f"{thing}{(7 * n + n * place * place) % 29}" for place in range(1 + n * n % 19)] for n in range(60)]
    lines = ["# who met", *map(sign.join, sets), *([] if sign == " " else [f'{thing}1{sign}{thing}"x'])]
    (tmp_path / "meetings.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    description, counts, text = checked(tmp_path, "meetings.txt")
    assert "# meetings.txt: lines of different length, with the same things in every place, are taken for sets" in text
    assert members(description, "MeetingMember") == [("Meeting", "set", None), ("Member", "members", sign)]
    assert counts["Meeting"] == len(lines) - 1
    assert counts["MeetingMember"] == sum(len(set(each)) for each in sets) + 2 * (sign != " ")


def test_ratings_without_names_and_with_two_characters_between(tmp_path: Path) -> None:
    ratings = [f"{n % 71 + 1}::{7 * n % 97 + 1}::{n % 5 + 1}::{978300000 + 7919 * n}" for n in range(900)]
    titles = [f"{n}::The City: {n} (1995)::{('Drama|Comedy', 'Drama', 'Crime')[n % 3]}" for n in range(1, 98)]
    for name, rows in (("ratings.dat", ratings), ("movies.dat", titles)):
        (tmp_path / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    description, counts, _ = checked(tmp_path, "ratings.dat", "movies.dat")
    assert counts["Movie"] == 97
    # What is called the third column here and there has nothing else in common.
    assert members(description, "Rating")[2] == ("Column3", "column3", None)
    assert members(description, "MovieMovieColumn3")[1] == ("MovieColumn3", "column3", "|")
    # Numbers of columns without names may be anybody's: they are not taken for movies because they are among theirs; and users
    # and films have each their own.
    of_two = [("Column1", "column1", None), ("Column2", "column2", None)]
    assert members(description, "Rating")[:2] == of_two


def test_quotes_that_are_signs_like_others(tmp_path: Path) -> None:
    def drafted(name: str, rows: list[str]) -> str:
        (tmp_path / name).write_text("\n".join(["id\ttitle\tkind", *rows]) + "\n", encoding="utf-8")
        return sketch([str(tmp_path / name)], tmp_path, None, no_progress)

    titles = ["Rome", 'the 5" pipe', '"Heroes"', '"Open']
    plain = [f"t{n}\t{titles[n % 4]} {n}\tk{n % 3}" for n in range(40)]
    text = drafted("plain.tsv", plain)
    assert 'quote = ""' in text
    assert "cannot be read" not in text
    # Once is enough, also where it is never closed.
    once = [f"t{n}\tRome {n}\tk{n % 3}" for n in range(200)]
    assert 'quote = ""' in drafted("once.tsv", [*once[:9], 't\t"Open\tk1', *once[9:]])
    # One broken row makes no signs of quotes that hold cells together, or stand round all of them.
    holding = [f't{n}\t"Rome\t{n}"\tk{n % 3}' for n in range(40)]
    assert 'quote = ""' not in drafted("holding.tsv", [*holding, 't\t"Open" it\tk1'])
    wrapped = [f'"t{n}"\t"Rome {n}"\t"k{n % 3}"' for n in range(40)]
    assert 'quote = ""' not in drafted("wrapped.tsv", [*wrapped, 't\t"Open" it\tk1'])
    lines = [f't{n}\t"Rome\n{n}"\tk{n % 3}' for n in range(40)]
    assert 'quote = ""' not in drafted("lines.tsv", lines)


def test_titles_and_pairs_with_weights_are_no_sets(tmp_path: Path) -> None:
    titles = ["the rose", "name of the rose", "the name", "rose of the name of the rose", "of the rose the name"] * 9
    (tmp_path / "titles.txt").write_text("\n".join(titles), encoding="utf-8")
    assert "taken for sets" not in sketch([str(tmp_path / "titles.txt")], tmp_path, None, no_progress)
    pairs = [f"a{n % 9},a{(n + 1 + n // 9) % 9}{f',{n}' if n % 2 else ''}" for n in range(60)]
    (tmp_path / "pairs.csv").write_text("\n".join(pairs), encoding="utf-8")
    assert "taken for sets" not in sketch([str(tmp_path / "pairs.csv")], tmp_path, None, no_progress)


def test_lines_with_spaces_below_their_number(tmp_path: Path) -> None:
    rows = [f"{n % 71} {7 * n % 73} {n % 4}\n" for n in range(400)]
    (tmp_path / "train2id.txt").write_text(f"{len(rows)}\n" + "".join(rows), encoding="utf-8")
    description, _, text = checked(tmp_path, "train2id.txt")
    assert 'delimiter = " ", skip = 1, header = false, columns = ["column1", "column2", "column3"] }' in text
    # Whole numbers that are mostly the same are ids of one kind; a relation's are few.
    assert [modality for modality, _, _ in members(description, "Train2")] == ["Column1", "Column1", "Column3"]


def test_a_few_rows_of_another_length_are_mistakes(tmp_path: Path) -> None:
    rows = [*(f"u{n % 9}\tv{n % 7}\tw{n % 5}\n" for n in range(60)), "u1\tv1\n"]
    (tmp_path / "facts.tsv").write_text("".join(rows), encoding="utf-8")
    text = sketch([str(tmp_path / "facts.tsv")], tmp_path, None, no_progress)
    assert "expected 3 columns" in text
    assert "ragged" not in text


def test_parts_of_a_split_are_no_tables_of_their_own(tmp_path: Path) -> None:
    rows = ["\t".join(fact[:3]) + "\n" for fact in facts(40)]
    for name, part in (("train.txt", rows[:80]), ("valid.txt", rows[80:100]), ("test.txt", rows[100:])):
        (tmp_path / name).write_text("".join(part), encoding="utf-8")
    description, counts, text = checked(tmp_path, "test.txt", "train.txt", "valid.txt")
    assert list(description.hyperedges) == ["Train"]
    assert counts["Train"] == 80
    assert "hyperlearn evaluate FILE --test TYPE=test.txt --valid TYPE=valid.txt`, for each type of train.txt" in text
    # Tables that are only called so are tables like others.
    pd.DataFrame({"train": ["a", "b"] * 9, "station": ["x", "y", "z"] * 6}).to_csv(tmp_path / "train.csv", index=False)
    pd.DataFrame({"pupil": ["a", "b"] * 9, "subject": ["x", "y", "z"] * 6}).to_csv(tmp_path / "test.csv", index=False)
    assert list(checked(tmp_path, "train.csv", "test.csv")[0].hyperedges) == ["Train", "Test"]
    # The longest facts may be in one part alone, or in none.
    for name, arities in (("train.txt", (2, 3, 4)), ("test.txt", (2, 3)), ("valid.txt", (2,))):
        lines = ["\t".join(fact) + "\n" for fact in facts(40) if len(fact) - 1 in arities]
        (tmp_path / name).write_text("".join(lines), encoding="utf-8")
    assert list(checked(tmp_path, "train.txt", "test.txt", "valid.txt")[0].hyperedges) == ["Train3", "Train4", "Train5"]


def test_lists_as_json_and_python_write_them(tmp_path: Path) -> None:
    rows = [
        f'd{n};"[""k{n % 3}"", ""caf\\u00e9, {n % 2}""]";"[\'a{n % 4}\', ""O\'Neil""]";"[0.{n}, 1.5]"' for n in range(12)
    ] + ["d12;[];;"]  # fmt: skip
    (tmp_path / "papers.csv").write_text("doi;keywords;authors;vector\n" + "\n".join(rows), encoding="utf-8")
    description, counts, _ = checked(tmp_path, "papers.csv")
    table = description.modalities["Paper"].table
    assert table is not None
    assert table.lists == ("keywords", "authors")
    assert [counts[name] for name in ("Paper", "Keyword", "Author")] == [13, 5, 5]
    assert description.modalities["Paper"].properties.keys() == {"vector"}


def test_lines_above_a_table(tmp_path: Path) -> None:
    pairs = "".join(f"{n % 20}\t{n * n % 23}\n" for n in range(1, 70))
    (tmp_path / "edges.txt").write_text(f"# A graph\n# 20 nodes\n# FromNodeId\tToNodeId\n{pairs}", encoding="utf-8")
    description, counts, _ = checked(tmp_path, "edges.txt")
    table = description.hyperedges["Edge"].table
    assert (table.skip, table.delimiter, table.header) == (2, "\t", True)
    assert members(description, "Edge") == [("FromNode", "# FromNodeId", None), ("FromNode", "ToNodeId", None)]
    (tmp_path / "edges.txt").write_text(pairs.replace("\t", " "), encoding="utf-8")
    description, counts, _ = checked(tmp_path, "edges.txt")
    table = description.hyperedges["Edge"].table
    assert (table.skip, table.delimiter, table.columns) == (0, " ", ("column1", "column2"))
    rows = "".join(f"{n};k{n % 3};m{n % 4}\n" for n in range(40))
    (tmp_path / "report.csv").write_text(f"Report of 2024;;\n\nid;kind;made\n{rows}", encoding="utf-8")
    description, counts, _ = checked(tmp_path, "report.csv")
    assert description.hyperedges["ReportKindMade"].table.skip == 2
    assert counts["Report"] == 40
    # One column is one, and an index without a name is none of these lines.
    (tmp_path / "words.csv").write_text("word\na b\nc d\n", encoding="utf-8")
    (tmp_path / "series.csv").write_text(",kind\n" + "".join(f"{n},k{n % 2}\n" for n in range(9)), encoding="utf-8")
    for name in ("words.csv", "series.csv"):
        assert "skip" not in sketch([str(tmp_path / name)], tmp_path, None, no_progress)


def test_columns_with_gaps_come_after_those_without(tmp_path: Path) -> None:
    names = ["half", *(f"kind{k}" for k in range(8))]
    rows = "".join(f"{f'h{i % 9}' if i % 2 else ''},{','.join(f'x{i // (k + 1) % 5}' for k in range(8))}\n" for i in range(900))
    (tmp_path / "cars.csv").write_text(f"{','.join(names)}\n{rows}", encoding="utf-8")
    description, _, text = checked(tmp_path, "cars.csv")
    assert [column for _, column, _ in members(description, "Car")] == names[1:]
    assert "# half could be a member as well" in text


def test_a_code_beside_its_name_says_nothing_more(tmp_path: Path) -> None:
    rows = "".join(f"c{n % 7},m{n % 5},Maker {n % 5},g{n % 3},2021\n" for n in range(60))
    (tmp_path / "cars.csv").write_text(f"class,code,maker,gears,year\n{rows}", encoding="utf-8")
    description, _, text = checked(tmp_path, "cars.csv")
    assert [column for _, column, _ in members(description, "Car")] == ["class", "maker", "gears"]
    assert "# code is not used: each of its values stands with one of maker" in text
    assert "# year is not used: 1 value in 60 rows: 2021" in text


def test_ids_that_are_written_in_several_ways(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id,dept\n" + "".join(f"{n}.0,{n % 4}x\n" for n in range(1, 31)), encoding="utf-8")
    (tmp_path / "badges.csv").write_text("badge,person_id\n" + "".join(f"b{n},{n:04}\n" for n in range(1, 31)), encoding="utf-8")
    visits = "".join(f"{n % 30 + 1},{n % 7}r\n" for n in range(60))
    (tmp_path / "visits.csv").write_text(f"person,room\n{visits}", encoding="utf-8")
    description, counts, _ = checked(tmp_path, "people.csv", "badges.csv", "visits.csv")
    assert description.modalities["Person"].key == SourceColumn(column="id", derive="integer")
    assert members(description, "BadgePerson")[1] == ("Person", "person_id", None)
    assert members(description, "Visit") == [("Person", "person", None), ("Room", "room", None)]
    assert [counts[name] for name in ("Person", "BadgePerson", "Visit")] == [30, 30, 60]


def test_values_and_times_that_differ_in_one_combination_are_left_out(tmp_path: Path) -> None:
    rows = "user,item,rating,date\na,x,1,2020-01-01\na,y,2,2020-01-01\nb,x,3,2020-01-02\nb,y,4,2020-01-02\n"
    (tmp_path / "ratings.csv").write_text(rows, encoding="utf-8")
    description, counts, _ = checked(tmp_path, "ratings.csv")
    assert description.hyperedges["Rating"].value == "rating"
    assert counts["Rating"] == 4
    (tmp_path / "ratings.csv").write_text(rows + "a,x,5,2020-01-03\n", encoding="utf-8")
    description, _, text = checked(tmp_path, "ratings.csv")
    assert description.hyperedges["Rating"].value is None
    assert "# rating and date left out: some combinations" in text


@pytest.mark.parametrize("encoding", ["latin-1", "windows-1252", "utf-16", "utf-8"])
def test_encodings_and_odd_names(tmp_path: Path, encoding: str) -> None:
    quote = "’" if encoding == "windows-1252" else "'"
    rows = "".join(f"{n},caf{'é' if n % 2 else 'e'} d{quote}or,{n},{n % 3},x\n" for n in range(9))
    (tmp_path / "my cafés (2).csv").write_bytes(f"N°,Café naïf,place,Entity,\n{rows}".encode(encoding, errors="replace"))
    description, counts, _ = checked(tmp_path, "my cafés (2).csv")
    (label,) = [name for name, modality in description.modalities.items() if modality.table is not None]
    assert counts[label] == 9
    assert {"column_place": "place"}.items() <= {n: p.column for n, p in description.modalities[label].properties.items()}.items()


def test_rows_that_are_only_numbered_are_hyperedges_of_what_they_name(tmp_path: Path) -> None:
    rows = [f"{n},2016/01/{n % 28 + 1:02} 0{n % 7}:{n % 60:02}:00,kind {n % 5},place {n % 7},{n % 3}" for n in range(80)]
    table = "\n".join(rows)
    (tmp_path / "calls.csv").write_text(f"rownames,at,kind,place,level\n{table}\n", encoding="utf-8")
    description, counts, text = checked(tmp_path, "calls.csv")
    assert description.modalities.keys() == {"Kind", "Place", "Level"}
    assert counts["Call"] == 80
    assert "# at is not used" in text
    # An id is one of something, and so is what another table names.
    (tmp_path / "calls.csv").write_text(f"call_id,at,kind,place,level\n{table}\n", encoding="utf-8")
    assert checked(tmp_path, "calls.csv")[0].modalities["Call"].key == SourceColumn(column="call_id")
    (tmp_path / "calls.csv").write_text(f"call,at,kind,place,level\n{table}\n", encoding="utf-8")
    (tmp_path / "answers.csv").write_text("answer,call\n" + "".join(f"a{n},{n % 40}\n" for n in range(80)), encoding="utf-8")
    assert checked(tmp_path, "calls.csv", "answers.csv")[0].modalities["Call"].key == SourceColumn(column="call")


def test_columns_that_share_their_values_are_of_one_kind(tmp_path: Path) -> None:
    trips = [f"city {n % 17},city {n % 13 + 2},by {'air' if n % 2 else 'sea'},{n % 4}" for n in range(120)]
    (tmp_path / "trips.csv").write_text("start,end,means,month\n" + "\n".join(trips) + "\n", encoding="utf-8")
    description, _, text = checked(tmp_path, "trips.csv")
    assert [modality for modality, _, _ in members(description, "Trip")] == ["Start", "Start", "Mean", "Month"]
    assert "# end: 13 different values in 120 rows, 13 of them start as well: one kind" in text


def test_a_row_names_no_more_than_can_be_looked_through(tmp_path: Path) -> None:
    columns = [f"part {letter}" for letter in "abcdefghij"]
    rows = [",".join([*(f"{c}{n % (4 + place)}" for place, c in enumerate(columns)), str(n % 3)]) for n in range(200)]
    (tmp_path / "sets.csv").write_text(",".join([*columns, "size"]) + "\n" + "\n".join(rows) + "\n", encoding="utf-8")
    description, _, text = checked(tmp_path, "sets.csv")
    assert [column for _, column, _ in members(description, "Set")] == columns[2:]
    assert "# size could be a member as well: 3 different values in 200 rows: 0, 1, 2\n" in text


def test_columns_are_told_by_what_stands_in_them_most_often(tmp_path: Path) -> None:
    rows = [f"{n},{'an uncommonly long reason for it' if n % 2 else 'short'},{n % 5}" for n in range(119)]
    (tmp_path / "stops.csv").write_text("stop_id,reason,precinct\n" + "\n".join(rows) + "\n", encoding="utf-8")
    _, _, text = checked(tmp_path, "stops.csv")
    assert "# reason: 2 different values in 119 rows: short, an uncommonly long reason for…\n" in text
    assert "# precinct could be a member of hyperedges as well: 5 different values in 119 rows: 0, 1, 2 …\n" in text
    (tmp_path / "marks.csv").write_text("a,b,y\n" + "".join(f"{n % 4},{n % 3},{n % 5}\n" for n in range(120)), encoding="utf-8")
    _, _, text = checked(tmp_path, "marks.csv")
    assert '# a number that is measured, as a mark is, is the value and no member: value = "COLUMN"\n' in text


def test_a_key_with_a_separator_in_it_is_one(tmp_path: Path) -> None:
    (tmp_path / "parts.csv").write_text("part,kind\na;b,x\na;c,x\nd,y\ne,y\n", encoding="utf-8")
    description, counts, _ = checked(tmp_path, "parts.csv")
    assert members(description, "PartKind") == [("Part", "part", None), ("Kind", "kind", None)]
    assert counts == {"Part": 4, "Kind": 2, "PartKind": 4}


def test_a_table_that_tells_more_of_the_entities_of_another(tmp_path: Path) -> None:
    """And one that tells more of some of them, whichever comes first."""
    films = "".join(f"f{7 * number % 101},Film {number},{'US' if number % 3 else 'FR'}\n" for number in range(60))
    (tmp_path / "films.csv").write_text(f"id,title,country\n{films}", encoding="utf-8")
    sales = "".join(f"f{7 * number % 101},{number * 1.5},{'ab'[number % 2]}\n" for number in range(60))
    (tmp_path / "sales.csv").write_text(f"id,gross,studio\n{sales}", encoding="utf-8")
    awards = "".join(f"f{7 * number % 101},{'xyz'[number % 3]}\n" for number in range(30))
    (tmp_path / "awards.csv").write_text(f"id,prize\n{awards}", encoding="utf-8")
    description, counts, text = checked(tmp_path, "awards.csv", "films.csv", "sales.csv")
    assert set(description.modalities) == {"Film", "Country", "Studio", "Prize"}
    assert members(description, "FilmStudio") == [("Film", "id", None), ("Studio", "studio", None)]
    assert members(description, "FilmPrize") == [("Film", "id", None), ("Prize", "prize", None)]
    assert (counts["Film"], counts["FilmStudio"], counts["FilmPrize"]) == (60, 60, 30)
    assert "# awards.csv tells more of Film: each id is one of films.csv\n" in text
    assert (
        "# sales.csv tells more of Film: each id is one of films.csv. A modality has one table: put gross there to have them as "
        "properties\n"
    ) in text


@pytest.mark.parametrize("written", ["{}", "{:03}", "row{}"])
def test_rows_that_are_numbered_are_not_those_of_another_table(tmp_path: Path, written: str) -> None:
    for table, number in (("books", 60), ("authors", 30)):
        rows = "".join(f"{written.format(row)},{table[:-1]} {row},{'xyz'[row % 3]}\n" for row in range(1, number + 1))
        (tmp_path / f"{table}.csv").write_text(f"id,name,kind\n{rows}", encoding="utf-8")
    description, _, _ = checked(tmp_path, "books.csv", "authors.csv")
    assert {"Book", "Author"} <= set(description.modalities)


def listed(folder: Path, cells: list[str]) -> str | None:
    """What is taken to stand between the values of a column of these cells."""
    rows = "".join(f'f{number},"{cell}"\n' for number, cell in enumerate(cells))
    (folder / "films.csv").write_text(f"film,what\n{rows}", encoding="utf-8")
    _, _, text = checked(folder, "films.csv")
    found = re.search(r'column = "what"(, separator = "(.)")?', text)
    assert found, text
    return found[2]


SORTED_CASTS = [", ".join(f"Actor {letter}{number % 4}" for letter in "abcdefg"[number % 5 :][:4]) for number in range(40)]


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["Drama", "Drama, Crime", "Crime, Comedy", "Comedy", "Comedy, Drama", "Drama"] * 5, ","),
        (SORTED_CASTS, ","),
        (["Blake, William", "Turner, Joseph", "Blake, Robert", "Moore, Henry", "Turner, William"] * 6, None),
        (["Durham, NC", "Raleigh, NC", "Durham, UK", "London, UK", "Paris, France", "Durham, NC"] * 5, None),
        (["Mining, Logging, Other", "Farming, Fishing, Forestry", "Trade", "Trade", "Mining, Logging, Other"] * 6, None),
    ],
)
def test_commas_with_spaces_are_lists_where_their_parts_have_no_places_of_their_own(
    tmp_path: Path, cells: list[str], separator: str | None
) -> None:
    assert listed(tmp_path, cells) == separator


def test_other_kinds_of_files(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a", "b", "c", "d"], "tags": [["x", "y"], ["x"], ["y"], []], "size": [1.5, 2.0, None, 4.0]})
    frame.to_parquet(tmp_path / "parts.parquet")
    frame.to_json(tmp_path / "pieces.jsonl.gz", orient="records", lines=True)
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        frame.assign(tags=["u", "u", "v", "v"]).to_sql("things", connection, index=False)
        frame.assign(tags=["u", "u", "v", "v"]).to_sql("others", connection, index=False)
    description, counts, _ = checked(tmp_path, "parts.parquet", "pieces.jsonl.gz", "shop.db")
    assert {"Part", "Piece", "Thing", "Other", "Tag"} == description.modalities.keys()
    assert counts["PartTag"] == counts["PieceTag"] == 4
    assert description.modalities["Part"].properties["size"].type == "float"
    one, _, _ = checked(tmp_path, "shop.db#things")
    assert {"Thing", "Tag"} == one.modalities.keys()


def test_tables_of_a_database(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    books = "CREATE TABLE books (isbn text, title text, tags text[], published date)"
    rows = "INSERT INTO books VALUES ('b1', 'A', '{x,y}', '2020-01-01'), ('b2', 'B', '{x}', '2020-01-02'), ('b3', 'C', '{y}', NULL)"
    loans = "CREATE TABLE loans (book text, reader text)"
    postgresql.run("CREATE DATABASE library")
    lent = "INSERT INTO loans SELECT 'b' || b, 'r' || r FROM generate_series(1, 3) AS b, generate_series(1, 2) AS r"
    postgresql.run(books, rows, loans, lent, database="library")
    url = postgresql.url("library")
    text = sketch([url], tmp_path, None, no_progress)
    assert 'name = "library"' in text
    (tmp_path / "library.toml").write_text(text, encoding="utf-8")
    source = DescribedSource.of_file(tmp_path / "library.toml")
    assert source.description.modalities["Book"].properties["published"].type == "date"
    with source.read(no_progress) as records:
        records.check()
        counts = {key: records.num_rows(key) for key in records.tables}
    assert counts == {"Book": 3, "Tag": 2, "Reader": 2, "BookTag": 4, "Loan": 6}
    assert f'table = "{url}#loans"' in sketch([f"{url}#loans"], tmp_path, None, no_progress)
    for given, told in ((f"{url}#loan", "did you mean loans"), (postgresql.url("nowhere"), '"nowhere" does not exist')):
        with pytest.raises(SourceError, match=told):
            sketch([given], tmp_path, None, no_progress)
    with pytest.raises(ConfigurationError, match="there is a password in the URL") as refused:
        sketch(["postgresql://shop:s3cret@db.example/shop"], tmp_path, None, no_progress)
    assert "s3cret" not in str(refused.value)


def test_whole_numbers_that_are_called_ids_join_rows(tmp_path: Path) -> None:
    rows = "".join(f"{i % 30},{i % 41},{i % 10 / 2},{i * 7919}\n" for i in range(900))
    (tmp_path / "ratings.csv").write_text(f"userId,movieId,rating,timestamp\n{rows}")
    description, _, _ = checked(tmp_path, "ratings.csv")
    assert members(description, "Rating") == [("User", "userId", None), ("Movie", "movieId", None)]
    assert description.hyperedges["Rating"].value == "rating"


def test_whole_numbers_of_any_name_join_rows_that_nothing_else_joins(tmp_path: Path) -> None:
    rows = "".join(f"{i % 430},{i % 411},{i % 5}\n" for i in range(9_000))
    (tmp_path / "lectures.csv").write_text(f"s,d,y\n{rows}")
    description, _, _ = checked(tmp_path, "lectures.csv")
    assert [column for _, column, _ in members(description, "Lecture")] == ["s", "d", "y"]


def test_measurements_join_rows_last(tmp_path: Path) -> None:
    names = ["month", "weight", *(f"kind{k}" for k in range(7))]
    rows = "".join(f"{i % 12},{i % 40}.0,{','.join(f'x{i // (k + 1) % 5}' for k in range(7))}\n" for i in range(900))
    (tmp_path / "catches.csv").write_text(f"{','.join(names)}\n{rows}")
    description, _, text = checked(tmp_path, "catches.csv")
    assert "weight could be a member as well" in text
    assert [column for _, column, _ in members(description, "Catch")] == ["month", *names[2:]]


def test_a_table_that_joins_nothing_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,size\n1,5\n2,6\n3,7\n", encoding="utf-8")
    text = sketch([str(tmp_path / "a.csv")], tmp_path, None, no_progress)
    assert "# No columns were found that join two kinds of entities." in text


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "books.csv").write_text("id\n", encoding="utf-8")
    (tmp_path / "sheet.xlsx").write_bytes(b"")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "broken.csv.gz").write_bytes(b"x")
    for file, told in (("book.csv", "did you mean books.csv"), ("sheet.xlsx", "is a spreadsheet")):
        with pytest.raises(ConfigurationError, match=told):
            sketch([str(tmp_path / file)], tmp_path, None, no_progress)
    for file, told in (("empty.csv", "an empty file"), ("broken.csv.gz", "damaged .gz file")):
        with pytest.raises(SourceError, match=told):
            sketch([str(tmp_path / file)], tmp_path, None, no_progress)


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-8-sig"])
def test_semicolons_beside_commas_in_numbers(tmp_path: Path, encoding: str) -> None:
    rows = [f"{n:03};Straße {n};{['München', 'Köln'][n % 2]};{n % 9},{n % 4};{n % 28 + 1:02}.02.1999\n" for n in range(40)]
    (tmp_path / "läden.csv").write_text("Nr.;Name;Stadt;Umsatz (T€);seit\n" + "".join(rows), encoding=encoding)
    description, counts, text = checked(tmp_path, "läden.csv")
    assert "# Umsatz (T€): numbers with commas" in text
    assert "# seit: dates or times that are read as texts" in text
    table = description.modalities["Laden"].table
    assert table is not None
    assert table.delimiter == ";"
    assert table.encoding == (None if encoding == "utf-8-sig" else encoding)
    assert members(description, "LadenStadt") == [("Laden", "Nr.", None), ("Stadt", "Stadt", None)]
    assert counts == {"Laden": 40, "Stadt": 2, "LadenStadt": 40}


def test_json_by_another_name(tmp_path: Path) -> None:
    objects = [f'{{"id": "c{n}", "make": "m{n % 3}"}}' for n in range(9)]
    (tmp_path / "cars.json").write_text("\n".join(objects), encoding="utf-8")
    description, counts, _ = checked(tmp_path, "cars.json")
    table = description.modalities["Car"].table
    assert table is not None
    assert table.format == "jsonl"
    assert counts["Car"] == 9
    for text in (f"[{', '.join(objects)}]", "[\n" + ",\n".join(objects) + "\n]"):
        (tmp_path / "cars.json").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigurationError, match="JSON over the whole file") as caught:
            checked(tmp_path, "cars.json")
        assert "jq -c" in (caught.value.hint or "")
