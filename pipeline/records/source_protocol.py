"""What a source of records is, whatever it reads."""

from typing import Protocol

from pipeline.domain.progress import Progress
from pipeline.records.records import Records


class Source(Protocol):
    """Somewhere that records come from."""

    @property
    def name(self) -> str:
        """Name of the data set."""
        ...

    def fingerprint(self) -> str:
        """Digest of all that decides the records: the files, the description, and the code that reads them.

        Raises
        ------
        SourceError
            If a file is missing.
        """
        ...

    def read(self, progress: Progress) -> Records:
        """Stage the records, unchecked; what cannot be read is among their problems.

        Raises
        ------
        SourceError
            If there is nothing to read from.
        """
        ...
