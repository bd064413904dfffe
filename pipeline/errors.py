"""Every error that the pipeline raises on purpose.

    PipelineError
    ├── ConfigurationError          a setting or an argument is wrong
    ├── SourceError                 a table does not hold what its description says
    ├── HypergraphError             ids, rows or shapes of a hypergraph do not fit together
    ├── IngestRefusedError          a source would take away more than a slip should
    ├── GraphError                  the database
    │   ├── GraphUnavailableError     no answer from it (worth another try)
    │   ├── GraphAccessError          it refuses the user
    │   ├── GraphStatementError       it refuses a statement
    │   ├── GraphStorageError         it cannot write its files
    │   ├── GraphSchemaError          what it holds does not fit the data set
    │   └── EmbeddedServerError       the embedded server does not start, stop or install
    ├── LeaseError                  one writer per data set
    │   ├── LeaseHeldError            another one writes it now
    │   └── LeaseLostError            this one's lease has ended: it writes nothing more
    ├── ExportError                 the database does not hold the whole data set
    │   └── DatasetChangedError       it went on changing while it was read (worth another try)
    ├── ArtifactError               a snapshot or embeddings directory is incomplete or damaged
    ├── TrainingError               the factors
    │   ├── TrainingDivergedError     the objective is no longer finite
    │   ├── TrainingStoppedError      it was told to end
    │   ├── TrainingMemoryError       it takes more memory than there is
    │   └── WorkerFailedError         a worker process died
    ├── WriteBackError              the vectors that were written are not those that are indexed
    ├── StageTimeoutError           a stage takes so long that it must hang
    ├── SchedulerUnavailableError   Prefect's server does not answer
    └── QueryError                  a question that has no answer
        ├── UnknownNameError          no entity has that name
        └── AmbiguousNameError        several entities have that name

An error carries what a person needs to go on: what happened in one sentence (the message) and the next thing to do (``hint``).
"""

from typing import ClassVar


class PipelineError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message
        What happened, where (file, row, statement), what was expected and what was found.
    hint
        The next thing for the reader to do; empty where the message says it all.
    """

    retryable: ClassVar[bool] = False
    """Whether the same call may succeed a little later; Prefect tasks retry only these."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigurationError(PipelineError):
    """A setting or an argument is wrong."""


class SourceError(PipelineError):
    """A table does not hold what its description says."""


class HypergraphError(PipelineError):
    """Ids, rows or shapes of a hypergraph do not fit together."""


class IngestRefusedError(PipelineError):
    """What a source no longer has is more than goes without a question."""


class GraphError(PipelineError):
    """The database did not do what was asked."""


class GraphUnavailableError(GraphError):
    """The database does not answer."""

    retryable = True


class GraphAccessError(GraphError):
    """The database refuses the user, or refuses the user this operation."""


class GraphStatementError(GraphError):
    """The database refuses a statement."""


class GraphStorageError(GraphError):
    """The database cannot write its files: its disk is full, or fails."""


class GraphSchemaError(GraphError):
    """What the database holds does not fit the data set."""


class EmbeddedServerError(GraphError):
    """The embedded server cannot be installed, started or stopped."""


class LeaseError(PipelineError):
    """A data set has one writer at a time, and this is not the one."""


class LeaseHeldError(LeaseError):
    """Another writer holds the lease of the data set."""


class LeaseLostError(LeaseError):
    """The lease under which something was to be written has ended."""


class ExportError(PipelineError):
    """The database does not hold the data set, or not all of it."""


class DatasetChangedError(ExportError):
    """The data set went on changing while it was read."""

    retryable = True


class ArtifactError(PipelineError):
    """A snapshot or embeddings directory is incomplete, damaged or of another version."""


class TrainingError(PipelineError):
    """Training cannot go on."""


class TrainingDivergedError(TrainingError):
    """The objective or a factor matrix is no longer finite."""


class TrainingStoppedError(TrainingError):
    """Training was told to end, and has, after a round and a checkpoint."""


class TrainingMemoryError(TrainingError):
    """Training takes more memory than there is."""


class WorkerFailedError(TrainingError):
    """A training worker ended before its work was done."""


class WriteBackError(PipelineError):
    """The vectors that were written are not those that the database serves."""


class StageTimeoutError(PipelineError):
    """A stage of a refresh has not ended in the time that it may take."""


class SchedulerUnavailableError(PipelineError):
    """Prefect's server does not answer."""


class QueryError(PipelineError):
    """A question that has no answer."""


class UnknownNameError(QueryError):
    """No entity of the label has that name or id."""


class AmbiguousNameError(QueryError):
    """Several entities of the label share that name."""
