"""The run that is served, as reports show it."""

from pipeline.domain.dataset import Dataset, Modality
from pipeline.domain.run_view import ModalityView, RunView
from pipeline.graph.client import GraphClient
from pipeline.graph.stored_datasets import stored_dataset
from pipeline.graph.stored_runs import stored_runs
from pipeline.query.landmarks import landmarks
from pipeline.query.served import Run, ask_published
from pipeline.query.similar import similar

_MAPPED = 1_000
"""Entities on a map, at most."""
_ASKED = 6
"""Entities of a modality whose neighbours are shown."""
_NEIGHBOURS = 5


def view_of_served(graph: GraphClient, dataset: str) -> RunView:
    """The run that is served of a data set.

    Raises
    ------
    QueryError
        If there is no such data set, or none of its runs is served.
    """
    described = stored_dataset(graph, dataset).dataset
    return ask_published(graph, described.labels[0], lambda _, run: _view(graph, described, run))


def _view(graph: GraphClient, dataset: Dataset, run: Run) -> RunView:
    stored = next(each for each in stored_runs(graph, dataset.name) if each.id == run.id)
    modalities = [_modality(graph, run, modality) for modality in dataset.modalities]
    return RunView(dataset.name, run.id, run.published_at, stored.num_folded_in, run.recall, stored.report, modalities)


def _modality(graph: GraphClient, run: Run, modality: Modality) -> ModalityView:
    known = landmarks(graph, run, modality.label, _MAPPED)
    neighbours = {
        name: [(other.name, other.score) for other in similar(graph, run, modality, id_, k=_NEIGHBOURS)]
        for id_, name in list(zip(known.ids, known.names, strict=True))[:_ASKED]
    }
    return ModalityView(modality.label, known.names, known.matrix_NR, neighbours)
