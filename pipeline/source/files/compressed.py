"""Files as they come, compressed or in another character encoding, as bytes, as lines, or as a plain UTF-8 file."""

import bz2
import gzip
import lzma
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, BinaryIO, cast

import pyarrow as pa

from pipeline.errors import SourceError

LONGEST_LINE = 16 * 2**20
"""Characters; a line beyond it is no line of a table."""

_UTF_8 = frozenset({"utf8", "utf_8", "utf_8_sig"})


@contextmanager
def open_plain(path: Path, suffix: str) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked.

    Parameters
    ----------
    path
        The file.
    suffix
        What it is compressed with: ``.gz``, ``.zst``, ``.bz2``, ``.xz`` or nothing.

    Raises
    ------
    SourceError
        If the file cannot be read, or is damaged.
    """
    try:
        with _opened(path, suffix) as stream:
            yield stream
    except (EOFError, OSError, lzma.LZMAError, zlib.error, pa.ArrowException) as error:
        # Python's and Arrow's decompressors raise OSError too, without a number.
        if isinstance(error, OSError) and error.errno is not None:
            raise SourceError(f"cannot be read: {error.strerror}") from error
        raise SourceError(f"a damaged {suffix} file: {error}" if suffix else f"cannot be read: {error}") from error


@contextmanager
def open_lines(path: Path, suffix: str, encoding: str) -> Iterator["Lines"]:
    """The lines of a text file.

    Raises
    ------
    SourceError
        As `open_plain`; or if the bytes are of another encoding from some byte on, with no way to go on behind it.
    """
    with open_plain(path, suffix) as stream:
        # What is no character in most encodings becomes a lone surrogate, which the one who reads the line can see.
        multibyte = encoding.replace("-", "").replace("_", "").startswith(("utf16", "utf32"))
        own = "utf-8-sig" if plain_name(encoding) in _UTF_8 else encoding
        text = TextIOWrapper(stream, own, errors="strict" if multibyte else "surrogateescape", newline="")
        try:
            yield Lines(text)
        except UnicodeError as error:
            raise SourceError(f"bytes that are not {encoding}") from error
        finally:
            text.detach()


class Lines:
    """Lines of a text with their ends, which can be put back."""

    def __init__(self, text: IO[str]) -> None:
        self.taken: list[str] = []
        """The lines read since the reader last emptied it."""
        self._text = text
        self._back: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        if len(line) == LONGEST_LINE:
            raise SourceError(f"a line of more than {LONGEST_LINE:,} characters")
        self.taken.append(line)
        return line

    def put_back(self, lines: list[str]) -> None:
        """Read these lines again, before the others."""
        self._back += reversed(lines)


def is_broken(text: str) -> bool:
    """Whether a text holds bytes that are no characters in the file's encoding."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def plain_file(path: Path, suffix: str, encoding: str, unpacked: Path) -> Path:
    """A file that DuckDB reads: UTF-8, and uncompressed or compressed with what it knows.

    Parameters
    ----------
    path, suffix, encoding
        The file as it is.
    unpacked
        Where to write another one, if need be.

    Raises
    ------
    SourceError
        If the file is damaged, or holds bytes that its encoding does not know.
    """
    is_utf_8 = plain_name(encoding) in _UTF_8
    if is_utf_8 and suffix in {"", ".gz", ".zst"}:
        return path
    with open_plain(path, suffix) as stream, unpacked.open("wb") as plain:
        if is_utf_8:
            shutil.copyfileobj(stream, plain, 2**20)
            return unpacked
        reader = TextIOWrapper(stream, encoding, newline="")
        writer = TextIOWrapper(plain, "utf-8", newline="")
        try:
            shutil.copyfileobj(reader, writer, 2**20)
        except UnicodeError as error:
            raise SourceError(f"bytes that are not {encoding}") from error
        finally:
            reader.detach()
            writer.detach()
    return unpacked


def plain_name(encoding: str) -> str:
    """An encoding's name without its spellings."""
    return encoding.lower().replace("-", "_")


def _opened(path: Path, suffix: str) -> BinaryIO:
    match suffix:
        case ".gz":
            return cast(BinaryIO, gzip.open(path))
        case ".bz2":
            return cast(BinaryIO, bz2.open(path))
        case ".xz":
            return cast(BinaryIO, lzma.open(path))
        case ".zst":
            return cast(BinaryIO, pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
        case _:
            return path.open("rb")
