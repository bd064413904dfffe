"""Where a Neo4j database is, and who we are to it."""

from dataclasses import dataclass, field

DEFAULT_DATABASE = "neo4j"
"""What a server calls its database unless somebody called it something else."""


@dataclass(frozen=True)
class Connection:
    """Address and credentials of one database.

    Attributes
    ----------
    uri
        Bolt address, such as ``bolt://127.0.0.1:7687`` or ``neo4j+s://host``.
    user, password
        Basic credentials; the password never appears in the representation.
    database
        Name of the database on that server.
    browser_url
        Address of Neo4j Browser, or None where it is not known.
    """

    uri: str
    user: str
    password: str = field(repr=False)
    database: str = DEFAULT_DATABASE
    browser_url: str | None = None
