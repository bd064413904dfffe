"""Hidden genres and hidden directors of a tenth of the films: how well they are told by the settings that the data set comes with.

They were chosen with ``part="validation"``: another tenth, the test part hidden as well.
"""

from typing import Any

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import Progress, no_progress
from pipeline.evaluate.hold_out import Part
from pipeline.evaluate.measurement import Model, measure
from pipeline.evaluate.question import Task

TASKS = {label: Task("Movie", label, "films", given={"the country": ("Country",)}) for label in ("Genre", "Director")}


def evaluate(films: Hypergraph, num_seeds: int, part: Part = "test", progress: Progress = no_progress) -> dict[str, Any]:
    """Measure the model and its baselines, by label of the slot that is hidden; what comes out is told at `measure`."""
    parameters = films.dataset.training_parameters()
    model = Model("model", parameters, with_shuffled_graphs=parameters, without_graphs=parameters)
    return measure(films, TASKS, model, num_seeds, part, progress)
