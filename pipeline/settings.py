"""Where things are: the database and the folders, from environment variables.

Only the command line and the flows build `Settings`; stages get what they need as arguments.
"""

from pathlib import Path
from typing import Self

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.domain.progress import Progress, no_progress
from pipeline.errors import ConfigurationError
from pipeline.graph.connection import DEFAULT_DATABASE, Connection
from pipeline.graph.server import EmbeddedServer

_SCHEMES = tuple(f"{protocol}{security}://" for protocol in ("bolt", "neo4j") for security in ("", "+s", "+ssc"))


class Settings(BaseSettings):
    """Settings from the environment.

    Attributes
    ----------
    neo4j_uri
        ``NEO4J_URI``: bolt address of a database; the embedded server is used where it is not set.
    neo4j_user, neo4j_password, neo4j_database
        ``NEO4J_USER`` (or ``NEO4J_USERNAME``), ``NEO4J_PASSWORD``, ``NEO4J_DATABASE``: for the database at ``NEO4J_URI`` only.
    neo4j_password_file
        ``NEO4J_PASSWORD_FILE``: a file with the password, in place of ``NEO4J_PASSWORD``.
    home
        ``HYPERLEARN_HOME``: folder of all that is kept; by default the user's data folder.
    cache
        ``HYPERLEARN_CACHE``: folder of downloads; by default the user's cache folder.
    log
        ``HYPERLEARN_LOG``: ``json`` for logs of one JSON object a line.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    neo4j_uri: str | None = Field(default=None, validation_alias="NEO4J_URI")
    neo4j_user: str = Field(default="neo4j", validation_alias=AliasChoices("NEO4J_USER", "NEO4J_USERNAME"))
    neo4j_password: SecretStr | None = Field(default=None, validation_alias="NEO4J_PASSWORD")
    neo4j_password_file: Path | None = Field(default=None, validation_alias="NEO4J_PASSWORD_FILE")
    neo4j_database: str = Field(default=DEFAULT_DATABASE, validation_alias="NEO4J_DATABASE")
    home: Path = Field(default_factory=lambda: platformdirs.user_data_path("hyperlearn"), validation_alias="HYPERLEARN_HOME")
    cache: Path = Field(default_factory=lambda: platformdirs.user_cache_path("hyperlearn"), validation_alias="HYPERLEARN_CACHE")
    log: str = Field(default="text", validation_alias="HYPERLEARN_LOG")

    @field_validator("log")
    @classmethod
    def _is_a_kind_of_log(cls, kind: str) -> str:
        if kind not in {"text", "json"}:
            raise ValueError(f"HYPERLEARN_LOG is {kind!r}, which is neither text nor json")
        return kind

    @model_validator(mode="after")
    def _uri_is_one_and_has_a_password(self) -> Self:
        if self.neo4j_uri is None:
            return self
        if not self.neo4j_uri.startswith(_SCHEMES):
            raise ValueError(f"NEO4J_URI is {self.neo4j_uri!r}, which does not begin with bolt:// or neo4j:// (or +s, +ssc)")
        if self.neo4j_password is None and self.neo4j_password_file is None:
            raise ValueError("NEO4J_URI is set and NEO4J_PASSWORD is not")
        return self

    @classmethod
    def load(cls) -> "Settings":
        """Read the environment.

        Raises
        ------
        ConfigurationError
            If a variable is wrong or missing.
        """
        try:
            return cls()
        except ValidationError as error:
            # Only the messages: the input that pydantic would show may be a password.
            raise ConfigurationError(
                "; ".join(problem["msg"].removeprefix("Value error, ") for problem in error.errors())
            ) from None

    @property
    def runs(self) -> Path:
        """Folder of the snapshots and embeddings, a folder per run."""
        return self.home / "runs"

    @property
    def browser(self) -> Path:
        """Folder of the guides and styles for Neo4j Browser, two files per data set."""
        return self.home / "browser"

    @property
    def tuned(self) -> Path:
        """Folder of the settings of training that were chosen, a file per data set."""
        return self.home / "tuned"

    @property
    def embedded(self) -> EmbeddedServer | None:
        """The embedded server, or None where ``NEO4J_URI`` names another."""
        return None if self.neo4j_uri else EmbeddedServer(self.home / "neo4j", self.cache)

    def connect(self, progress: Progress = no_progress) -> Connection:
        """Where the database is; starts the embedded server where that is the one and it does not run.

        Raises
        ------
        EmbeddedServerError
            If the embedded server does not start.
        ConfigurationError
            If the file with the password cannot be read.
        """
        if self.embedded is not None:
            return self.embedded.up(progress)
        if self.neo4j_uri is None:
            raise AssertionError("the embedded server is for that")
        return Connection(self.neo4j_uri, self.neo4j_user, self._password(), self.neo4j_database)

    def _password(self) -> str:
        if self.neo4j_password is not None:
            return self.neo4j_password.get_secret_value()
        if self.neo4j_password_file is None:
            raise AssertionError("checked when the settings were built")
        try:
            return self.neo4j_password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"NEO4J_PASSWORD_FILE {self.neo4j_password_file} cannot be read: {error.strerror}") from error
