"""Tables of databases as a data set file names them: ``postgresql://user@host/database#table``, without a password."""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

_HOST = r"(?:\[[^\]@/?#]*\]|[^:/?#@\[\],]*)(?::[0-9]*)?"
_POSTGRESQL = re.compile(
    rf"postgres(?:ql)?://(?:[^:/?#@\[\]]*@)?{_HOST}(?:,{_HOST})*(?:/[^?#@]*)?(?:\?[^#@]*)?(?:#[^@]+)?", re.DOTALL
)
"""No @ but behind the user, so that no part of a password, whatever is in it, is taken for something else."""

_USER_AND_PASSWORD = re.compile("[^/]*//[^/?#@]*:[^/?#@]*@")

_SCHEMES = frozenset({"postgresql", "postgres"})
_SECRETS = ("password", "secret")

_INSTEAD = (
    'leave it out; ~/.pgpass (or the file of PGPASSFILE), PGPASSWORD, password_env = "NAME" (a variable of the environment) or a '
    "service file (postgresql:///?service=NAME) give it"
)


def is_url(path: str) -> bool:
    """Whether a table lies in a database and not in a file."""
    return "://" in path


def url_problem(url: str) -> str | None:
    """What is wrong with the address of a database, never with the address itself, in which there may be a password."""
    scheme = url.partition("://")[0]
    if scheme.partition("+")[0] not in _SCHEMES:
        return f"{scheme if scheme.isidentifier() else 'this'}:// is no database that is read here; postgresql:// is"
    if "+" in scheme:
        return "write postgresql:// without the name of a driver"
    options = [name.casefold() for name, _ in parse_qsl(url.partition("?")[2].partition("#")[0], keep_blank_values=True)]
    if _USER_AND_PASSWORD.match(url) or any(secret in name for name in options for secret in _SECRETS):
        return f"there is a password in the URL; {_INSTEAD}"
    if not _POSTGRESQL.fullmatch(url):
        written = "; an @, :, / or # that is part of a name is written %40, %3A, %2F or %23, and a password is no part of it"
        return f'this is no URL such as "postgresql://user@host:5432/database#table"{written if "@" in url else ""}'
    return None


def database_name(url: str) -> str:
    """The name of the database, or of what stands for it."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    return unquote(parts.path.strip("/")) or options.get("dbname") or options.get("service") or parts.hostname or "database"
