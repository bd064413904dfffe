"""What a data set file says of one table: where it is, and how it is to be read."""

import hashlib
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from pipeline.domain.quotable import can_be_quoted
from pipeline.source.files.database_url import is_url, url_problem
from pipeline.source.toml.part import Name, Part, Shorthand, contradiction

Format = Literal["csv", "jsonl", "parquet", "sqlite"]
Kind = Format | Literal["postgresql", "graph"]

_FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".db": "sqlite",
}
_LONGEST_QUERY = 60

_COMPRESSED = frozenset({".gz", ".zst", ".bz2", ".xz"})

# A list in TOML, and a tuple here: what is to be read how is the key of a dictionary.
_Texts = Annotated[tuple[Name, ...], Strict(False)]


class TableFile(Part):
    """A table, and how its file is to be read where that is not plain."""

    path: Name | None = None
    """File, relative to the data set file: .csv, .tsv, .jsonl, .ndjson or .parquet, the texts also compressed as .gz, .zst, .bz2
    or .xz; or .sqlite, .sqlite3 or .db with the table after a #, as in "shop.sqlite#books"; or a table of PostgreSQL, as in
    "postgresql://user@host/database#books", without a password."""
    format: Format | None = None
    """What the file holds, where its name does not tell."""
    delimiter: Annotated[str, Field(min_length=1, max_length=2)] | None = None
    """CSV: the character between columns, or two, such as ::, beside which quotes are signs like others. A comma by default, a tab
    in .tsv files."""
    quote: Annotated[str, Field(max_length=1)] | None = None
    """CSV: the character round texts that hold a delimiter or a line break; doubled inside them. By default ", none where empty."""
    encoding: Name | None = None
    """CSV and JSON lines: the character encoding, such as latin-1, windows-1252 or utf-16. By default utf-8."""
    skip: Annotated[int, Field(ge=0)] = 0
    """CSV: how many lines stand above the table, such as a title or comments."""
    header: bool = True
    """CSV: whether the first row names the columns. Where it is data, columns names them."""
    columns: _Texts | None = None
    """CSV without a header: the names of the columns, in their order."""
    ragged: bool = False
    """CSV: whether rows may have fewer cells than there are columns, as facts of two and of more members in one file have; what a
    row lacks at its end is empty."""
    number: Name | None = None
    """A further column, of this name, that numbers the rows from 1: an id where rows have none. It hangs on their order."""
    null: _Texts | None = None
    """Texts that stand for a missing value, such as ["\\\\N", "NA"], wherever a cell or an element of a list is one of them."""
    lists: _Texts | None = None
    """Columns whose texts are lists, as JSON or Python writes them: ["oil", "clay"]."""
    sql: Name | None = None
    """SQLite and PostgreSQL: a query whose rows are the table, in place of a table after a #."""
    password_env: Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """PostgreSQL: the environment variable that holds the password, where it is neither PGPASSWORD nor in ~/.pgpass."""
    cypher: Name | None = None
    """In place of a path: a query to the graph that is in the database already, whose rows are the table. It may only read."""
    nodes: Name | None = None
    """In place of a path, of a modality: a label of nodes that are in the database already. They become its entities where they
    are: they get its label and vectors, and keep all that they have. Columns are their properties."""

    @property
    def file(self) -> str:
        """The path, or the URL, without the table of a database; nothing where the table is in the graph."""
        path = self.path or ""
        return path.partition("#")[0] if self.is_database else path

    @property
    def is_database(self) -> bool:
        """Whether it is one of the tables of a database."""
        return self.kind in {"sqlite", "postgresql"}

    @property
    def database_table(self) -> str | None:
        """The table of a database."""
        return (self.path or "").partition("#")[2] or None if self.is_database else None

    @property
    def place(self) -> str:
        """What messages call the table."""
        if self.nodes is not None:
            return f"(:{self.nodes})"
        if self.cypher is not None:
            query = " ".join(self.cypher.split())
            # Queries that begin alike are told apart.
            digest = hashlib.sha256(query.encode()).hexdigest()[:4]
            return query if len(query) <= _LONGEST_QUERY else f"{query[:_LONGEST_QUERY]}… {digest}"
        return self.path or "" if self.sql is None else f"{self.path} ({' '.join(self.sql.split())[:40]})"

    @property
    def suffix(self) -> str:
        """The end of the file name that tells the compression, or nothing."""
        suffix = "" if is_url(self.path or "") else PurePosixPath(self.path or "").suffix.lower()
        return suffix if suffix in _COMPRESSED else ""

    @property
    def kind(self) -> Kind | None:
        """What the table is in, or None where nothing tells."""
        if self.path is None:
            return "graph"
        if is_url(self.path):
            return "postgresql"
        if self.format is not None:
            return self.format
        name = self.path.lower().removesuffix(self.suffix)
        suffix = PurePosixPath(name).suffix
        if _FORMATS.get(suffix.partition("#")[0]) == "sqlite" or any(f"{end}#" in name for end in (".sqlite", ".sqlite3", ".db")):
            return "sqlite"
        return _FORMATS.get(suffix)

    @property
    def separator(self) -> str:
        """The character between columns."""
        tabs = PurePosixPath((self.path or "").lower().removesuffix(self.suffix)).suffix in {".tsv", ".tab"}
        return self.delimiter or ("\t" if tabs else ",")

    @property
    def quote_sign(self) -> str:
        """The character round texts that hold a delimiter or a line break; nothing where there is none."""
        return "" if len(self.separator) > 1 else '"' if self.quote is None else self.quote

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        if sum(each is not None for each in (self.path, self.cypher, self.nodes)) != 1:
            raise contradiction("a table is one of path (a file), cypher (a query to the graph) and nodes (a label in the graph)")
        if self.path is None:
            self._check_graph()
        else:
            self._check_file(self.path)
        return self

    def _check_file(self, path: str) -> None:
        if is_url(path) and (problem := url_problem(path)):
            raise contradiction(problem)
        if self.kind is None:
            if PurePosixPath(path).suffix.lower() in {".xls", ".xlsx", ".ods"}:
                raise contradiction(f"{path} is a spreadsheet; save its sheets as CSV")
            raise contradiction(f"the name of {path} does not tell what it holds; add format = one of csv, jsonl, parquet, sqlite")
        of_csv = [name for name in ("delimiter", "quote", "skip", "header", "columns", "ragged") if name in self.model_fields_set]
        if of_csv and self.kind != "csv":
            raise contradiction(f"{of_csv[0]} is for CSV, and {path} is {self.kind}")
        if self.columns is not None and self.header:
            raise contradiction("columns names the columns of a table without a header; add header = false, or leave columns out")
        if not self.header and not self.columns:
            raise contradiction('header = false needs the names of the columns: columns = ["id", "title", …]')
        if self.columns is not None and len(set(self.columns)) < len(self.columns):
            twice = next(name for name in self.columns if self.columns.count(name) > 1)
            raise contradiction(f"columns names {twice} several times")
        if self.encoding and self.kind not in {"csv", "jsonl"}:
            raise contradiction(f"encoding is for CSV and JSON lines, and {path} is {self.kind}")
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except LookupError as error:
                raise contradiction(f"{self.encoding} is no encoding that is known here") from error
        self._check_signs()
        if self.number is not None and (self.is_database or self.number in (self.columns or ())):
            what = "the rows of a database have no order" if self.is_database else "columns has it already"
            raise contradiction(f"{self.number} cannot number the rows: {what}")
        self._check_database(path)

    def _check_signs(self) -> None:
        if self.delimiter is not None and (set(self.delimiter) & {"\n", "\r"} or self.delimiter == self.quote):
            raise contradiction("delimiter can be neither a line break nor the quote")
        if self.quote and len(self.separator) > 1:
            raise contradiction("quote is for a delimiter of one character")

    def _check_database(self, path: str) -> None:
        if self.is_database and (self.database_table is None) == (self.sql is None):
            what = "a SQLite file" if self.kind == "sqlite" else "a database"
            raise contradiction(f'{what} needs either the table after a #, as in "{self.file}#books", or sql = "SELECT …"')
        if self.sql is not None and not self.is_database:
            raise contradiction(f"sql is for SQLite and PostgreSQL, and {path} is {self.kind}")
        if self.format is not None and self.kind == "postgresql":
            raise contradiction("format is for files; a URL tells by itself what it is")
        if self.password_env is not None and self.kind != "postgresql":
            raise contradiction(f"password_env is for PostgreSQL, and {path} is {self.kind}")

    def _check_graph(self) -> None:
        strange = sorted(self.model_fields_set - {"cypher", "nodes", "null"})
        if strange:
            raise contradiction(f"{strange[0]} is for files, and this table is in the graph")
        if self.nodes is not None:
            check_name_in_graph(self.nodes)
            if self.null is not None:
                raise contradiction("null is not for nodes: they stay as they are")


def check_name_in_graph(name: str) -> None:
    """Refuse a label or a property of the user's that cannot be quoted in Cypher."""
    if not can_be_quoted(name):
        raise contradiction(f"{name!r} has a back-quote, a backslash or what cannot be seen; such names cannot be asked for")


Table = Annotated[TableFile, Shorthand("path")]
