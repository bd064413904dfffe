"""A library's loans: a data set file and its table, for tests that start processes on files."""

from pathlib import Path

DESCRIPTION = """
name = "library"
[modalities.Book]
[modalities.Reader]
[hyperedges.Loan]
table = "loans.csv"
members = [{ modality = "Book", column = "book" }, { modality = "Reader", column = "reader" }]
value = "stars"
"""


def write(folder: Path, rows: str) -> Path:
    """Write both, the rows as ``book,reader,stars``; give the data set file's path."""
    (folder / "loans.csv").write_text(f"book,reader,stars\n{rows}")
    (folder / "library.toml").write_text(DESCRIPTION)
    return folder / "library.toml"
