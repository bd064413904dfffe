"""The data set file: what is right is understood, and what is wrong is told all at once, each with its place."""

import json
import tomllib
import traceback
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.errors import ConfigurationError
from pipeline.source.described.description_file import packaged_description, parse_description, read_description
from pipeline.source.described.schema import json_schema
from pipeline.source.files.table_file import TableFile

SCHEMA = Path(__file__).parents[4] / "docs" / "dataset.schema.json"

WHOLE = """
#:schema dataset.schema.json
name = "books"

[modalities.Book]
table = { path = "books.txt", format = "csv", delimiter = ";", quote = "'", encoding = "latin-1", null = ["NA"] }
key = "isbn"
name = "title"
distinguish_by = ["year"]

[modalities.Book.properties]
year = "integer"
tags = { column = "tag_list", type = "strings", separator = ";" }

[modalities.Book.features]
year = { kind = "number", column = "year" }
tags = { kind = "categories", column = "tag_list", separator = ";" }
blurb = { kind = "text", column = "blurb" }
cover = { kind = "vector", file = "covers.npy" }
embedding = { kind = "vector", column = "embedding" }

[modalities.Author]

[[relations]]
modality = "Book"
type = "SEQUEL"
weight = 2.0
table = "shop.sqlite#sequels"
source = "from"
target = "to"
strength = "score"

[[relations]]
modality = "Book"
nearest = 10
metric = "cosine"
features = { year = 1, cover = 3.5 }

[hyperedges.Writing]
table = { path = "shop.sqlite", sql = "SELECT * FROM writing" }
weight = 0.5
members = [
    { modality = "Book", column = "isbn" },
    { modality = "Author", column = "authors", separator = "; " },
    { modality = "Author", column = "editor" },
]
value = "part"
time = { column = "date", type = "date" }

[training]
rounds = 20
ridge = 1
offsets = false
absent_popularity = "none"
absent_weights = { Writing = 0.5 }
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_description(tomllib.loads(text), "books.toml")
    first, *lines = str(caught.value).splitlines()
    assert first.startswith("books.toml has ")
    assert first.split()[2] == str(len(lines))
    return [line.removeprefix("  ") for line in lines]


def test_everything_that_a_file_may_hold_is_understood() -> None:
    description, dataset = parse_description(tomllib.loads(WHOLE), "books.toml")
    assert dataset == Dataset(
        "books",
        (Modality("Book", {"year": "integer", "tags": "strings"}, ("year",)), Modality("Author")),
        (HyperedgeType("Writing", ("Book", "Author", "Author"), 0.5, "date"),),
        (IntraModalGraph("Book", "SEQUEL", 2.0), IntraModalGraph("Book")),
        {"rounds": 20, "absent_weights": {"Writing": 0.5}, "absent_popularity": None, "ridge": 1.0, "offsets": False},
    )
    assert description.modalities["Book"].properties["year"].column is None
    assert description.relations[1].features == {"year": 1.0, "cover": 3.5}


def test_everything_that_a_file_may_hold_is_in_the_schema() -> None:
    Draft202012Validator.check_schema(json.loads(json_schema()))
    assert list(Draft202012Validator(json.loads(json_schema())).iter_errors(tomllib.loads(WHOLE))) == []
    assert list(Draft202012Validator(json.loads(json_schema())).iter_errors(tomllib.loads(WHOLE + "[hyperedges.Other]\nx = 1")))


def test_the_schema_in_the_docs_is_that_of_the_code() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == json_schema(), "run `hyperlearn check --schema > docs/dataset.schema.json`"


def test_the_schema_says_what_every_field_is() -> None:
    schema = json.loads(json_schema())
    for part in [schema, *schema["$defs"].values()]:
        for name, field in part["properties"].items():
            assert len(field["description"]) > 10, name


@pytest.mark.parametrize(
    ("path", "kind", "file", "table", "separator"),
    [
        ("books.csv", "csv", "books.csv", None, ","),
        ("a.b/Books.TSV.gz", "csv", "a.b/Books.TSV.gz", None, "\t"),
        ("books#1.jsonl.xz", "jsonl", "books#1.jsonl.xz", None, ","),
        ("books.ndjson.zst", "jsonl", "books.ndjson.zst", None, ","),
        ("books.parquet", "parquet", "books.parquet", None, ","),
        ("shop.db#the books", "sqlite", "shop.db", "the books", ","),
        ("shop.sqlite3#v1.2", "sqlite", "shop.sqlite3", "v1.2", ","),
    ],
)
def test_the_name_of_a_table_tells_what_it_is(path: str, kind: str, file: str, table: str | None, separator: str) -> None:
    described = TableFile(path=path)
    assert (described.kind, described.file, described.database_table, described.separator) == (kind, file, table, separator)


def test_all_problems_come_at_once_with_their_places() -> None:
    assert problems("""
        name = "books"
        nmae = 1
        [modalities.Book]
        table = "books.csv"
        kee = "isbn"
        distinguish_by = "year"
        properties = { year = "integr", tags = { type = "strings", seperator = ";" }, x = 3 }
        features = { a = { kind = "numbr" }, b = { kind = "vector" }, c = { kind = "text", colum = "x" }, d = { column = "x" } }
        [modalities.Author]
        key = "x"
        [[relations]]
        modality = "Book"
        nearest = 0
        metric = "l2"
        [[relations]]
        modality = "Book"
        [hyperedges.Writing]
        table = { path = "books.dat" }
        members = [ { modality = "Book", column = "isbn" }, { modality = 3 } ]
        weight = -1
        [hyperedges.Other]
        table = 3
        members = []
        """) == [
        "modalities.Book.properties.year: 'integr', expected one of 'string', 'integer', 'float', 'boolean', 'date', 'datetime', "
        "'strings', 'integers' or 'floats'; did you mean integer?",
        "modalities.Book.properties.tags.seperator: is unknown, expected one of type, column, separator, derive; "
        "did you mean separator?",
        "modalities.Book.properties.x: 3, expected a table",
        "modalities.Book.distinguish_by: 'year', expected a list",
        "modalities.Book.features.a.kind: 'numbr', expected one of 'number', 'categories', 'text', 'vector'",
        "modalities.Book.features.b: a vector comes either from a file or from a column",
        "modalities.Book.features.c.column: is missing",
        "modalities.Book.features.c.colum: is unknown, expected one of kind, column; did you mean column?",
        "modalities.Book.features.d.kind: is missing, expected one of number, categories, text, vector",
        "modalities.Book.kee: is unknown, expected one of table, key, name, properties, distinguish_by, features",
        "modalities.Author: key needs a table to be read from; add table = …",
        "relations[0].nearest: 0, expected at least 1",
        "relations[0].metric: 'l2', expected one of 'euclidean' or 'cosine'",
        "relations[1]: relations come either from a table or from nearest = NUMBER",
        "hyperedges.Writing.table: the name of books.dat does not tell what it holds; "
        "add format = one of csv, jsonl, parquet, sqlite",
        "hyperedges.Writing.members[1].modality: 3, expected a text",
        "hyperedges.Writing.weight: -1, expected at least 0.0",
        "hyperedges.Other.table: 3, expected a table",
        "hyperedges.Other.members: a list, expected at least 2, not 0",
        "nmae: is unknown, expected one of name, prefix, modalities, relations, hyperedges, training, schedule; did you mean name?",
    ]


def test_names_of_other_parts_are_checked() -> None:
    assert problems("""
        name = "Books"
        [modalities.Book]
        table = "books.csv"
        key = "isbn"
        distinguish_by = ["year"]
        features = { year = { kind = "number", column = "year" } }
        [modalities.genre]
        [modalities.Lost]
        [[relations]]
        modality = "Bok"
        nearest = 3
        [[relations]]
        modality = "Book"
        nearest = 3
        features = { yaer = 1 }
        [[relations]]
        modality = "Book"
        nearest = 3
        features = {}
        [[relations]]
        modality = "genre"
        nearest = 3
        [hyperedges.Writing]
        table = "s.sqlite#a"
        members = [ { modality = "Book", column = "isbn" }, { modality = "Autor", column = "x" } ]
        [hyperedges.Book]
        table = "b.csv.gz"
        members = [ { modality = "Book", column = "isbn" }, { modality = "genre", column = "x" } ]
        """) == [
        "relations[0].modality: 'Bok', expected one of Book, genre, Lost; did you mean Book?",
        "hyperedges.Writing.members[1].modality: 'Autor', expected one of Book, genre, Lost",
        "modalities.Lost: has no table, and no hyperedge or relation names it, so it has no entities",
        "hyperedges.Book: is the label of a modality too; labels are unique",
        "relations[1].type: SIMILAR is given twice for Book; give each its own type",
        "relations[1].features: 'yaer', expected one of year; did you mean year?",
        "relations[2].type: SIMILAR is given twice for Book; give each its own type",
        "relations[2].features: is empty; name some of year, or leave it out for all",
        "relations[3].nearest: genre has no features; add [modalities.genre.features]",
        "name: 'Books' cannot name a data set; use lower-case letters, digits, - and _",
        "modalities.Book: modality Book: distinguish_by names ['year'], which are no properties of it",
        "modalities.genre: 'genre' cannot be the label of a modality; use PascalCase letters and digits, and none of Dataset, "
        "EmbeddingRun, Entity, Hyperedge, IngestedPart, IngestedTable, LearnedPosition, RunVectors, ServedVectors, WriteLease",
    ]


def test_settings_of_training_are_checked_with_all_else() -> None:
    changed = 'rounds = "20"\nrouns = 3\nupdate = "recurent"\nhidden_dim = 2.5\nvalidation = 1.0\nembedding_dim = 0'
    *told, unknown = problems(WHOLE.replace("rounds = 20", changed).replace("offsets = false", "offsets = 0"))
    assert told == [
        "training.update: 'recurent', expected one of 'auto', 'exact', 'recurrent' or 'stochastic'; did you mean recurrent?",
        "training.embedding_dim: 0, at least 1 is needed",
        "training.rounds: '20', expected a whole number",
        "training.validation: 1.0, a part from 0 to below 1 is needed",
        "training.offsets: 0, expected true or false",
        "training.hidden_dim: 2.5, expected a whole number",
    ]
    assert unknown.startswith("training.rouns: is unknown, expected one of update, embedding_dim, rounds, ")
    assert unknown.endswith("; did you mean rounds?")


def test_settings_by_hyperedge_type_name_types() -> None:
    assert problems(WHOLE.replace("{ Writing = 0.5 }", "{ Writting = 0.5 }")) == [
        "training.absent_weights: 'Writting', expected one of Writing; did you mean Writing?"
    ]


def test_weight_0_is_allowed_of_graphs_and_types_and_not_of_features() -> None:
    _, dataset = parse_description(
        tomllib.loads(WHOLE.replace("weight = 2.0", "weight = 0").replace("weight = 0.5", "weight = 0")), "x"
    )
    assert (dataset.graphs[0].weight, dataset.hyperedge_types[0].weight) == (0, 0)
    assert problems(WHOLE.replace("year = 1,", "year = 0,")) == ["relations[1].features.year: 0, expected a number above 0.0"]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('"shop.sqlite"', 'a SQLite file needs either the table after a #, as in "shop.sqlite#books", or sql = "SELECT …"'),
        ('{ path = "shop.db#a", sql = "SELECT 1" }', "a SQLite file needs either the table after a #"),
        ('"books.xlsx"', "books.xlsx is a spreadsheet; save its sheets as CSV"),
        ('{ path = "a.csv", sql = "SELECT 1" }', "sql is for SQLite and PostgreSQL, and a.csv is csv"),
        (
            '"postgresql://h/db"',
            'a database needs either the table after a #, as in "postgresql://h/db#books", or sql = "SELECT …"',
        ),
        ('{ path = "postgresql://h/db#a", format = "csv" }', "format is for files; a URL tells by itself what it is"),
        (
            '{ path = "postgresql://h/db#a", encoding = "latin-1" }',
            "encoding is for CSV and JSON lines, and postgresql://h/db#a is",
        ),
        ('{ path = "a.csv", password_env = "PW" }', "password_env is for PostgreSQL, and a.csv is csv"),
        ('{ path = "postgresql://h/db#a", password_env = "P W" }', "'P W', expected a text like ^[A-Za-z_]"),
        ('"mysql://h/db#a"', "mysql:// is no database that is read here; postgresql:// is"),
        ('"postgresql+psycopg://h/db#a"', "write postgresql:// without the name of a driver"),
        ('"postgresql://h:port/db#a"', 'this is no URL such as "postgresql://user@host:5432/database#table"'),
        ('{ path = "a.jsonl", delimiter = ";" }', "delimiter is for CSV, and a.jsonl is jsonl"),
        ('{ path = "a.parquet", encoding = "utf-8" }', "encoding is for CSV and JSON lines, and a.parquet is parquet"),
        ('{ path = "a.csv", encoding = "utf-9" }', "utf-9 is no encoding that is known here"),
        ('{ path = "a.csv", delimiter = "\\n" }', "delimiter can be neither a line break nor the quote"),
        ('{ path = "a.csv", delimiter = ":::" }', "':::', expected at most 2 character"),
        ('{ path = "a.csv", delimiter = ":\\n" }', "delimiter can be neither a line break nor the quote"),
        ('{ path = "a.csv", delimiter = "::", quote = "x" }', "quote is for a delimiter of one character"),
        ('""', "'', expected a text that is not empty"),
        ('{ path = "a.csv", columns = ["id"] }', "columns names the columns of a table without a header; add header = false"),
        ('{ path = "a.csv", header = false }', 'header = false needs the names of the columns: columns = ["id", "title", …]'),
        ('{ path = "a.csv", header = false, columns = ["id", "id"] }', "columns names id several times"),
        ('{ path = "a.csv", header = false, columns = [] }', "header = false needs the names of the columns"),
        ('{ path = "a.csv", header = false, columns = [1] }', "1, expected a text"),
        ('{ path = "a.jsonl", header = false, columns = ["id"] }', "header is for CSV, and a.jsonl is jsonl"),
        ('{ path = "a.parquet", columns = ["id"] }', "columns is for CSV, and a.parquet is parquet"),
        ('{ path = "a.db#a", number = "n" }', "n cannot number the rows: the rows of a database have no order"),
        ('{ path = "a.csv", header = false, columns = ["n"], number = "n" }', "n cannot number the rows: columns has it already"),
        ('{ cypher = "MATCH (n) RETURN n", number = "n" }', "number is for files, and this table is in the graph"),
        ('{ path = "a.parquet", ragged = true }', "ragged is for CSV, and a.parquet is parquet"),
        ('{ path = "a.csv", null = "NA" }', "'NA', expected a list"),
    ],
)
def test_options_of_a_table_fit_its_file(table: str, problem: str) -> None:
    (found,) = problems(f"""
        name = "x"
        [modalities.A]
        table = {table}
        key = "id"
        [hyperedges.E]
        table = "e.csv"
        members = [ {{ modality = "A", column = "a" }}, {{ modality = "A", column = "b" }} ]
        """)
    assert found.startswith("modalities.A.table")
    assert problem in found


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        ('modality = "A"', 'a member needs either its column or constant = "ID"'),
        ('modality = "A", column = "a", constant = "x"', 'a member needs either its column or constant = "ID"'),
        ('modality = "A", constant = "x", derive = "lower"', "derive is for a column, and constant stands as it is"),
        ('modality = "A", constant = "x", separator = ";"', "separator is for a column, and constant stands as it is"),
        ('modality = "A", column = "a", derive = "upper"', "expected one of 'lower', 'integer', 'year' or 'decade'"),
    ],
)
def test_a_member_is_a_column_or_a_constant(member: str, problem: str) -> None:
    (found,) = problems(f"""
        name = "x"
        [modalities.A]
        [hyperedges.E]
        table = "e.csv"
        members = [ {{ {member} }}, {{ modality = "A", column = "b" }} ]
        """)
    assert found.startswith("hyperedges.E.members[0]")
    assert problem in found


def test_a_decade_is_a_number() -> None:
    (found,) = problems(WHOLE.replace('year = "integer"', 'year = { type = "date", derive = "decade" }'))
    assert found == 'modalities.Book.properties.year: what derive = "decade" makes is an integer, and no date'


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:s3cret@db.example/shop#books",
        "postgres://:s3cret@db.example/shop#books",
        "postgresql://shop:s3%63ret@db.example,other:5433/shop#books",
        "postgresql://shop@db.example/shop?sslmode=require&password=s3cret#books",
        "postgresql://db.example/shop?p%61ssword=s3cret#books",
        "postgresql://db.example/shop?sslpassword=s3cret#books",
        "postgresql://shop:s3#cr@et@db.example/shop#books",
        "postgresql://shop:12/s3cret@db.example/shop#books",
        "postgresql://shop:12?s3cret@db.example/shop#books",
        "postgresql://shop:12#s3cret@db.example/shop",
        "mysql://shop:s3cret@db.example/shop#books",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_shown(url: str) -> None:
    text = f"""
        name = "x"
        [modalities.A]
        table = "{url}"
        key = "id"
        [hyperedges.E]
        table = "e.csv"
        members = [ {{ modality = "A", column = "a" }}, {{ modality = "A", column = "b" }} ]
    """
    with pytest.raises(ConfigurationError) as refused:
        parse_description(tomllib.loads(text), "books.toml")
    shown = "".join(traceback.format_exception(refused.value)) + refused.value.hint
    assert "password" in shown or "mysql" in shown
    assert "s3" not in shown


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///shop#books",
        "postgres://shop@db.example/shop?sslmode=require&passfile=/run/secrets/pgpass#stock.books",
        "postgresql://shop%40home@[::1]:5433,other.example:5434/sh%23op#books of the year",
        "postgresql://%2Fvar%2Frun/shop#books",
        "postgresql:///?service=shop#books",
    ],
)
def test_urls_without_a_password(url: str) -> None:
    table = TableFile(path=url)
    assert (table.kind, f"{table.file}#{table.database_table}", table.suffix) == ("postgresql", url, "")


@pytest.mark.parametrize(
    ("relation", "problem"),
    [
        ('table = "a.csv"\nsource = "x"', "a table of pairs needs target: the column of one end"),
        ('table = "a.csv"\nsource = "x"\ntarget = "y"\nmetric = "cosine"', "metric is for nearest neighbours"),
        ('nearest = 3\nstrength = "y"', "strength is for a table of pairs"),
        ('nearest = 3\ntable = "a.csv"', "relations come either from a table or from nearest = NUMBER"),
    ],
)
def test_a_relation_is_of_one_kind(relation: str, problem: str) -> None:
    found = problems(WHOLE.replace('nearest = 10\nmetric = "cosine"\nfeatures = { year = 1, cover = 3.5 }', relation))
    assert found == [f"relations[1]: {problem}"]


def test_a_file_that_is_no_toml_is_told_with_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "books.toml").write_text('name = "books"\n[modalities\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"books\.toml is no TOML: .*line 2, column 12"):
        read_description(tmp_path / "books.toml")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nothing\.toml does not exist"):
        read_description(tmp_path / "nothing.toml")
    (tmp_path / "latin.toml").write_bytes('name = "Bücher"'.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"latin\.toml is not UTF-8 at byte 9"):
        read_description(tmp_path / "latin.toml")


def test_a_prefix_stands_before_every_label_and_nothing_else_changes() -> None:
    plain, dataset = parse_description(tomllib.loads(WHOLE), "books.toml")
    description, prefixed = parse_description(
        tomllib.loads(WHOLE.replace("[modalities.Book]", 'prefix = "My"\n[modalities.Book]')), ""
    )
    assert prefixed.labels == ("MyBook", "MyAuthor")
    assert prefixed.hyperedge_types == (
        replace(dataset.hyperedge_types[0], label="MyWriting", members=("MyBook", "MyAuthor", "MyAuthor")),
    )
    assert [graph.key for graph in prefixed.graphs] == [("MyBook", "SEQUEL"), ("MyBook", "SIMILAR")]
    assert prefixed.training == {**dataset.training, "absent_weights": {"MyWriting": 0.5}}
    assert list(description.modalities.values()) == list(plain.modalities.values())
    assert [member.modality for member in description.hyperedges["MyWriting"].members] == ["MyBook", "MyAuthor", "MyAuthor"]


def test_what_is_wrong_beside_a_prefix_is_told_as_it_is_written() -> None:
    text = WHOLE.replace("[modalities.Book]", 'prefix = "My"\n[modalities.Book]')
    assert problems(text.replace("[modalities.Author]", "[modalities.Autor]"))[0].startswith(
        "hyperedges.Writing.members[1].modality: 'Author'"
    )
    assert problems(text.replace('"My"', '"my"')) == ["prefix: 'my', expected a text like ^[A-Z][A-Za-z0-9]*$"]
    assert "cannot be the label" in problems(text.replace('"My"', f'"{"M" * 62}"'))[0]


@pytest.mark.parametrize(("package", "file"), [("pipeline.source.movies", "movies.toml"), ("pipeline.source.tate", "tate.toml")])
def test_what_is_built_in_is_described_as_users_describe_theirs(package: str, file: str) -> None:
    _, dataset = packaged_description(package, file)
    assert f"{dataset.name}.toml" == file
    content = tomllib.loads((files(package) / file).read_text(encoding="utf-8"))
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(content)


def test_only_known_needs_a_table() -> None:
    (found,) = problems("""
        name = "x"
        [modalities.A]
        [hyperedges.E]
        table = "e.csv"
        members = [ { modality = "A", column = "a", only_known = true }, { modality = "A", column = "b" } ]
        """)
    assert found == "hyperedges.E.members[0].only_known: A has no table that says who is known"


def test_a_column_that_has_to_be_empty_is_no_member() -> None:
    (found,) = problems("""
        name = "x"
        [modalities.A]
        [hyperedges.E]
        table = "e.csv"
        members = [ { modality = "A", column = "a" }, { modality = "A", column = "b" } ]
        empty = ["c", "b"]
        """)
    assert found == "hyperedges.E: b has to be empty, and is a member; leave it out of one of them"
