import pytest

from pipeline.evaluate.verdict import verdict


def slot(own: float, counting: float, shuffled: float = 0.9, asked: int = 100) -> dict[str, object]:
    baselines = {
        "popularity": {"mrr": counting / 2},
        "counting": {"mrr": counting},
        "model with shuffled graphs": {"mrr": shuffled},
    }
    return {
        "type": "Casting",
        "slot": 1,
        "modality": "Actor",
        "asked": asked,
        "mrr": own,
        "baselines": baselines,
        "ahead": own > counting,
    }


VALUE = {
    "type": "Rating",
    "slot": None,
    "modality": None,
    "asked": 100,
    "rmse": 0.9,
    "baselines": {"global mean": {"rmse": 1.1}, "offsets only": {"rmse": 0.95}},
    "ahead": True,
}


def test_a_question_is_told_by_how_much_and_models_of_other_graphs_do_not_count() -> None:
    told = verdict([slot(0.75, 0.5)])
    assert told.summary == "The model is ahead of the best baseline: +0.250 MRR."
    assert told.warnings == ()


def test_where_it_is_not_ahead_there_is_a_warning() -> None:
    told = verdict([slot(0.25, 0.5)])
    assert told.summary == "The model is not ahead of the best baseline: -0.250 MRR."
    assert told.warnings == ("Casting: Actor (1): the model is not ahead: MRR 0.250, counting 0.500",)


def test_a_tie_is_told_as_such() -> None:
    told = verdict([slot(0.9999, 1.0)])
    assert told.warnings == ("Casting: Actor (1): the model is level: MRR 1.000, counting 1.000",)
    assert told.summary == "The model is level with the best baseline: +0.000 MRR."


def test_figures_of_few_answers_are_told_as_such() -> None:
    told = verdict([slot(0.75, 0.5), slot(0.75, 0.5, asked=2)])
    assert told.summary == "The model is ahead of the best baseline at all 2 questions; on average +0.250 MRR."
    assert told.warnings == (
        "Casting: Actor (1): 2 hyperedges were asked about, so that figures hang on chance; --seeds hides others as well",
    )


@pytest.mark.parametrize(
    ("questions", "expected"),
    [
        ([slot(0.75, 0.5), slot(0.5, 0.75)], "at 1 of 2 questions; on average +0.000 MRR."),
        ([slot(0.25, 0.5), slot(0.5, 0.75)], "at none of 2 questions; on average -0.250 MRR."),
        ([slot(0.75, 0.5), VALUE], "at all 2 questions; on average +0.250 MRR and +0.050 RMSE."),
    ],
)
def test_several_questions_are_summed_up(questions: list[dict[str, object]], expected: str) -> None:
    assert verdict(questions).summary == f"The model is ahead of the best baseline {expected}"
