"""A source into Neo4j: afterwards the database holds exactly what the source says, and nothing was written that was there already.

A source whose fingerprint is that of the last ingest is not even read. Otherwise its tables are staged and checked, each is
compared with what the database holds, and only the difference is written, in batches. An ingest that is killed is mended by the
next one, which reads back the tables that were being written. All of it, reading included, is under the data set's lease.
"""

import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.domain.dataset import Dataset
from pipeline.domain.progress import Progress, no_progress
from pipeline.graph.client import GraphClient
from pipeline.graph.one_writer import one_writer
from pipeline.graph.schema import create_schema
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import StoredDataset, stored_datasets
from pipeline.ingest.adopted import adopt, as_written, read_back, rekeyed, release, release_rekeyed, without_vanished
from pipeline.ingest.changes import TableChanges, refuse_loss
from pipeline.ingest.entities import remove_entities, write_entities
from pipeline.ingest.hyperedges import write_hyperedges
from pipeline.ingest.ownership import claim
from pipeline.ingest.present import (
    Digests,
    count_rows,
    digested_tables,
    remove_digests,
    stage_digests,
    stage_rows,
    write_digests,
)
from pipeline.ingest.relations import write_relations
from pipeline.records.comparison import Comparison
from pipeline.records.records import Records
from pipeline.records.source_protocol import Source
from pipeline.records.tables import graph_table_key, tables_of


@dataclass(frozen=True)
class IngestOptions:
    """What an ingest may do.

    Attributes
    ----------
    keep_stale
        Leave rows that the source no longer has.
    allow_removal
        Remove them even if they are more than a tenth of a table.
    verify
        Read back every row, instead of trusting the digests of the last ingest: finds what others changed.
    dry_run
        Say what would change, and write nothing.
    quarantine
        Set rows that have problems aside in this file, and go on with the rest; None refuses the whole.
    wait
        Wait for another writer of the data set, instead of being refused.
    """

    keep_stale: bool = False
    allow_removal: bool = False
    verify: bool = False
    dry_run: bool = False
    quarantine: Path | None = None
    wait: bool = False


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did, or would do.

    Attributes
    ----------
    tables
        Per table, how many rows were created, changed, removed, left.
    notes
        What the source mended or left out.
    num_quarantined
        Rows that were set aside.
    recognised
        Whether the source was recognised as unchanged, and not read.
    """

    tables: tuple[TableChanges, ...]
    notes: tuple[str, ...] = ()
    num_quarantined: int = 0
    recognised: bool = False


def ingest(
    client: GraphClient, source: Source, options: IngestOptions = IngestOptions(), progress: Progress = no_progress
) -> IngestReport:
    """Make the database hold what a source has.

    Parameters
    ----------
    client
        The database.
    source
        What it shall hold of this data set.
    options
        What may be done.
    progress
        Told of each table.

    Returns
    -------
    IngestReport
        What was done.

    Raises
    ------
    SourceError
        If the source has problems; nothing has been written then.
    IngestRefusedError
        If more than a tenth of a table would go; nothing has been written then.
    GraphSchemaError
        If a label belongs to somebody else; nothing has been written then.
    LeaseHeldError
        If another writer is at work on the data set; nothing has been written then.
    LeaseLostError
        If this process slept so long that another one may have taken its place; running again completes the work.
    GraphError
        If the database fails; running again completes the work.
    """
    if options.dry_run:
        return _ingest(client, source, options, progress)
    with one_writer(client, source.name, "hyperlearn ingest", wait=options.wait, progress=progress) as writer:
        return _ingest(writer, source, options, progress)


def _ingest(client: GraphClient, source: Source, options: IngestOptions, progress: Progress) -> IngestReport:
    with progress(f"Looking whether {source.name} has changed"):
        fingerprint = source.fingerprint()
    if not options.verify and (report := recognise(client, source.name, fingerprint)):
        return report
    with source.read(progress) as records:
        with progress(f"Checking {source.name}"):
            records.check(options.quarantine)
        tables = _ingest_records(client, records, options, progress, fingerprint)
        return IngestReport(tuple(tables), tuple(records.notes), records.num_quarantined)


def _ingest_records(
    client: GraphClient, records: Records, options: IngestOptions, progress: Progress, fingerprint: str
) -> list[TableChanges]:
    """Make the database hold checked records, and recognise them by the fingerprint the next time."""
    dataset = records.dataset
    stored = claim(client, dataset)
    former = stored.dataset if stored is not None else dataset
    if stored is not None and (gone := rekeyed(client, former, allow_removal=options.allow_removal)) and not options.dry_run:
        # First, so that what is compared then is what others have left of it.
        _begin(client, former, list(records.tables))
        release_rekeyed(client, stored, gone)
    digested = {} if options.verify else _digested(client, records)
    comparisons = _compare(client, records, former, digested, progress)
    keep = options.keep_stale
    if stored is not None and not keep:
        comparisons = {key: without_vanished(former, stored.counts or {}, each) for key, each in comparisons.items()}
    dropped = _compare_dropped(client, records, former, progress)
    if not options.allow_removal:
        refuse_loss(dataset.name, [*(() if keep else comparisons.values()), *dropped.values()])
    report = [TableChanges.of(comparison, keep_stale=keep) for comparison in comparisons.values()]
    report += [TableChanges.of(comparison) for comparison in dropped.values()]
    if options.dry_run:
        return report
    create_schema(client, dataset)
    written = any(table.written for table in report)
    number = (stored.ingest if stored is not None else 0) + written
    # What one that was killed has written is in no report: it leaves no state, and the next has another.
    state = stored.state if stored is not None and not written else None
    # A table that was compared by its digests, and is as it was, keeps them.
    undigested = {c.table.key: c for c in comparisons.values() if c.written or c.table.key not in digested}
    for key in read_back(dataset):
        del undigested[key]
    _begin(client, dataset, [*undigested, *dropped])
    _write(client, records, stored, comparisons, dropped, digested, keep_stale=keep, number=number, progress=progress)
    write_digests(client, dataset.name, undigested, digested, stale=keep)
    # What is stale or set aside is not in the source: the next run must look again.
    whole = not records.num_quarantined and not any(table.stale for table in report)
    totals = {table.table: table.total for table in report}
    client.write(
        load("ingest/end_ingest"),
        name=dataset.name,
        counts=json.dumps({key: total for key, total in totals.items() if total}),
        fingerprint=fingerprint if whole else None,
        state=state or secrets.token_hex(16),
        ingest=number,
        written=[{"key": key, "rows": totals[key]} for key in undigested],
    )
    return report


def _begin(client: GraphClient, dataset: Dataset, written: list[str]) -> None:
    """Say that the data set is being written, and which of its digests are no longer true."""
    description = json.dumps(dataset.to_json())
    client.write(load("ingest/begin_ingest"), name=dataset.name, description=description, written=written)


def recognise(client: GraphClient, name: str, fingerprint: str) -> IngestReport | None:
    """What an ingest reports of a source that it need not read; None if it has to.

    It need not if the source is that of the last ingest, and the database still holds as many rows as that left.
    """
    stored = stored_datasets(client).get(name)
    if stored is None or stored.counts is None or stored.state is None or stored.fingerprint != fingerprint:
        return None
    counts = stored.counts
    if any(count_rows(client, table) != counts.get(key, 0) for key, table in tables_of(stored.dataset).items()):
        return None
    return IngestReport(tuple(TableChanges(key, 0, 0, 0, count) for key, count in counts.items()), recognised=True)


def _digested(client: GraphClient, records: Records) -> dict[str, Digests]:
    """The tables whose digests tell what the database holds."""
    changing = read_back(records.dataset)
    tables = {key: table for key, table in records.tables.items() if key not in changing}
    digested = {key: known for key, known in digested_tables(client, records.dataset.name).items() if key in tables}
    # A count that is not what the last ingest left tells that somebody else was there. Entities that went took what hung on them.
    touched = {key for key, known in digested.items() if known.rows != count_rows(client, tables[key])}
    return {key: known for key, known in digested.items() if touched.isdisjoint((key, *tables[key].members.values()))}


def _compare(
    client: GraphClient, records: Records, former: Dataset, digested: Mapping[str, Digests], progress: Progress
) -> dict[str, Comparison]:
    """Compare every table with what the database holds; nothing is written."""
    comparisons = {}
    for key, staged in records.tables.items():
        table = as_written(staged, records.dataset)
        if key in digested:
            stage_digests(client, records.dataset.name, records.store, table, digested[key])
        else:
            gone = {} if table.is_adopted else _former_columns(records, former, key)
            stage_rows(client, records.store, table, gone, progress)
        comparisons[key] = Comparison.of(records.store, table)
    return comparisons


def _compare_dropped(client: GraphClient, records: Records, former: Dataset, progress: Progress) -> dict[str, Comparison]:
    """The same for tables that the last description had and this one has not: all their rows are to go."""
    comparisons = {}
    for key, table in tables_of(former).items():
        if key not in records.tables:
            dropped = replace(as_written(table, former), name=f"dropped_{table.name}")
            records.create(dropped)
            stage_rows(client, records.store, dropped, {}, progress)
            comparisons[key] = Comparison.of(records.store, dropped)
    return comparisons


def _write(
    client: GraphClient,
    records: Records,
    stored: StoredDataset | None,
    comparisons: dict[str, Comparison],
    dropped: dict[str, Comparison],
    digested: Collection[str],
    *,
    keep_stale: bool,
    number: int,
    progress: Progress,
) -> None:
    """Write the differences: entities, relations, hyperedges; what goes, goes in the opposite order."""
    dataset = records.dataset
    former = stored.dataset if stored is not None else dataset
    for key in dropped:
        remove_digests(client, dataset.name, key)
    for modality in dataset.modalities:
        if modality.adopted is not None:
            adopt(client, modality, comparisons[modality.label], progress, number=number)
            continue
        gone = list(_former_columns(records, former, modality.label))
        write_entities(client, comparisons[modality.label], gone, progress, number=number)
    for described, all_compared, keep in ((dataset, comparisons, keep_stale), (former, dropped, False)):
        for graph in described.graphs:
            if relations := all_compared.get(graph_table_key(*graph.key)):
                write_relations(client, graph.key, relations, progress, number=number, keep_stale=keep)
        for kind in described.hyperedge_types:
            if hyperedges := all_compared.get(kind.label):
                was_read = kind.label not in digested
                write_hyperedges(client, kind, hyperedges, progress, number=number, keep_stale=keep, read_back=was_read)
    # Entities go last: the hyperedges and relations that held them are gone by now.
    for key, comparison in (*comparisons.items(), *dropped.items()):
        if comparison.table.kind != "entities" or (keep_stale and key in comparisons):
            continue
        if not comparison.table.is_adopted:
            remove_entities(client, comparison, progress)
        elif stored is not None:
            release(client, stored, key, comparison, progress)


def _former_columns(records: Records, former: Dataset, key: str) -> dict[str, str]:
    """Columns, with their types, that a table had by the last description and has no longer."""
    table = tables_of(former).get(key)
    own = records.tables[key].columns
    return {} if table is None else {name: kind for name, kind in table.columns.items() if name not in own}
