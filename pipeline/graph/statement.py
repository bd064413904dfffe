"""Cypher statements: one file each under ``cypher/``, read by name, with identifiers put in checked and quoted.

A file is valid Cypher that can be pasted into Neo4j Browser. What varies is of three kinds:

* values are parameters (``$batch``), never text but where a person gets the statement (`Statement.with_values`);
* a label, type, property or index name that differs from data set to data set stands in back-quotes, as `` `Modality` ``, and is
  replaced by the quoted real one;
* of those, names that begin with ``Existing`` or ``existing`` are the user's own, and may hold whatever can be quoted;
* lines between ``// each member`` and ``// end`` are repeated for each position of a hyperedge; the digit 0 in them is the
  position.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipeline.domain.quotable import can_be_quoted
from pipeline.errors import GraphSchemaError
from pipeline.graph.literal import literal

_IDENTIFIER = re.compile(r"`([A-Za-z0-9_]+)`")
_QUOTED = re.compile(r"`[^`]*`")
_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_THEIRS = ("Existing", "existing")
_PARAMETER = re.compile(r"\$([A-Za-z]\w*)")
_EACH_MEMBER = re.compile(r"^[ \t]*// each member\n(.*?)^[ \t]*// end\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """A Cypher statement.

    Attributes
    ----------
    name
        Its file below ``cypher/``, without the ending: ``ingest/entities``.
    text
        The Cypher text.
    """

    name: str
    text: str

    @property
    def parameters(self) -> frozenset[str]:
        """Names of the parameters that it needs."""
        return frozenset(_PARAMETER.findall(_QUOTED.sub("", self.text)))

    @property
    def identifiers(self) -> frozenset[str]:
        """Names in back-quotes, which `with_identifiers` replaces."""
        return frozenset(_IDENTIFIER.findall(self.text))

    def with_identifiers(self, **identifiers: str) -> "Statement":
        """Replace every identifier in back-quotes.

        Raises
        ------
        GraphSchemaError
            If a value is no plain identifier: letters, digits and underscores, beginning with a letter; or, where the user's own
            is meant, one that holds a back-quote, a backslash (which Cypher may take for a back-quote) or a control character.
        ValueError
            If the names are not exactly those that the file has in back-quotes.
        """
        if identifiers.keys() != self.identifiers:
            raise ValueError(f"{self.name} has the identifiers {sorted(self.identifiers)}, given are {sorted(identifiers)}")
        for name, value in identifiers.items():
            if not (can_be_quoted(value) if name.startswith(_THEIRS) else _SAFE.fullmatch(value)):
                raise GraphSchemaError(f"{value!r} is not a plain identifier", hint="use letters, digits and underscores")
        return Statement(self.name, _IDENTIFIER.sub(lambda match: f"`{identifiers[match[1]]}`", self.text))

    def with_values(self, **values: str) -> "Statement":
        """Write values in the place of all parameters, for a person who is shown the statement.

        Raises
        ------
        ValueError
            If the names are not exactly those of the parameters.
        """
        if values.keys() != self.parameters:
            raise ValueError(f"{self.name} has the parameters {sorted(self.parameters)}, given are {sorted(values)}")
        return Statement(self.name, _PARAMETER.sub(lambda match: literal(values[match[1]]), self.text))

    def with_members(self, arity: int) -> "Statement":
        """Repeat the lines marked ``// each member`` for the positions 0 … arity - 1."""
        text = _EACH_MEMBER.sub(lambda match: "".join(match[1].replace("0", str(p)) for p in range(arity)), self.text)
        return Statement(self.name, text)


@cache
def load(name: str) -> Statement:
    """Read a statement from its file.

    Parameters
    ----------
    name
        The file below ``cypher/``, without the ending.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    return Statement(name, files("cypher").joinpath(f"{name}.cypher").read_text(encoding="utf-8"))
