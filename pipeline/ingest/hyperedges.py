"""Hyperedges of one type: read what is there, compare, remove, create and change the difference."""

import pandas as pd

from pipeline.domain.dataset import HyperedgeType
from pipeline.domain.progress import Progress
from pipeline.graph.client import GraphClient
from pipeline.graph.statement import load
from pipeline.ingest.batches import send
from pipeline.ingest.changes import Changes, TableChanges
from pipeline.ingest.contents import hyperedge_contents, hyperedge_id


def sync_hyperedges(
    client: GraphClient, hyperedge_type: HyperedgeType, table: pd.DataFrame | None, progress: Progress
) -> TableChanges:
    """Make the database hold exactly the hyperedges of a table; None stands for an empty one.

    The members of a hyperedge never change, since its id is made of theirs; its value may.
    """
    label = hyperedge_type.label
    members = {} if table is None else hyperedge_contents(table, hyperedge_type.arity)
    members_of = {hyperedge_id(hyperedge_type.members, ids): ids for ids in members}
    present = client.columns(load("ingest/read_hyperedges").with_identifiers(HyperedgeType=label))
    changes = Changes.between(
        dict(zip(present["id"], present["value"], strict=True)), {id_: members[ids] for id_, ids in members_of.items()}
    )
    remove = load("ingest/remove_nodes").with_identifiers(Label=label)
    send(client, progress, f"Removing {label}", remove, changes.removed)
    create = (
        load("ingest/create_hyperedges")
        .with_members(hyperedge_type.arity)
        .with_identifiers(HyperedgeType=label, **{f"Member{p}": modality for p, modality in enumerate(hyperedge_type.members)})
    )
    created = [{"id": id_, "value": value, "members": members_of[id_]} for id_, value in changes.created.items()]
    send(client, progress, f"Writing {label}", create, created)
    set_values = load("ingest/set_hyperedge_values").with_identifiers(HyperedgeType=label)
    changed = [{"id": id_, "value": value} for id_, value in changes.changed.items()]
    send(client, progress, f"Changing {label}", set_values, changed)
    return TableChanges.of(label, changes)
