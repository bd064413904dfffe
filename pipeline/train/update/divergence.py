"""The errors of a training that runs away, as every update and the rounds raise them."""

from pipeline.errors import TrainingDivergedError


def diverged(what: str, number: int) -> TrainingDivergedError:
    """The error for numbers that are no longer finite."""
    return TrainingDivergedError(
        f"{what} is no longer finite in round {number}",
        hint="raise the ridge, lower a hyperedge type's or graph's weight, or check the hyperedges' values",
    )


def rising(before: float, after: float, number: int) -> TrainingDivergedError:
    """The error for an objective that grows without bound."""
    return TrainingDivergedError(
        f"the objective rose from {before:.4g} to {after:.4g} in round {number}", hint="lower learning_rate or network_steps"
    )
