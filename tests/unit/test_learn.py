"""Tables to vectors and answers, without a database."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from pipeline.errors import AmbiguousNameError, QueryError, UnknownNameError
from pipeline.learn import Learned, learn
from pipeline.records.problems import SourceProblems
from tests import tiny

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
SETTINGS = {"embedding_dim": 8, "rounds": 3}


@pytest.fixture(scope="module")
def learned() -> Learned:
    return learn(tiny.tables(), SETTINGS)


def row(learned: Learned, label: str, id_: str) -> int:
    return list(learned.names[label].index).index(id_)


def test_vectors_come_by_id_with_names(learned: Learned) -> None:
    frame = learned.vectors("Film")
    assert list(frame.columns) == ["name", *(f"v{column}" for column in range(8))]
    assert set(frame.index) == {f"f{number}" for number in range(24)}
    assert frame.loc["f4", "name"] == "Film 4"
    np.testing.assert_array_equal(frame.drop(columns="name").to_numpy(), learned.fit.factors["Film"])


def test_rows_are_those_of_the_hypergraph(learned: Learned) -> None:
    """f5 and f7 are made by other people; were rows mixed up, their hyperedges would be others'."""
    members = learned.hypergraph.hyperedges["Making"].members_EK
    makers = {learned.names["Maker"].index[m] for f, m, _ in members if f == row(learned, "Film", "f5")}
    assert makers == {"m5", "m7"}


@pytest.mark.parametrize("to", [None, "Maker"])
def test_the_nearest_are_those_of_a_full_comparison(learned: Learned, to: str | None) -> None:
    found = learned.similar("Film", "Film 4", 100, to=to)
    unit = {label: f / np.linalg.norm(f, axis=1, keepdims=True) for label, f in learned.fit.factors.items()}
    ids = learned.names[to or "Film"].index
    known = 1 + np.array([tiny.degrees(tiny.tables(), to or "Film")[id_] for id_ in ids])
    scores = (1 + unit[to or "Film"] @ unit["Film"][row(learned, "Film", "f4")] * known / (known + 3)) / 2
    expected = pd.Series(scores, ids).drop("f4", errors="ignore")
    assert found["score"].to_dict() == pytest.approx(expected.to_dict(), abs=1e-6)
    assert found["score"].is_monotonic_decreasing
    assert learned.similar("Film", "f4", 3, to=to).equals(found.head(3))


@pytest.mark.parametrize(("its", "to"), [("m1", "Maker"), ("f9", None)])
def test_an_analogy_is_what_differs_added_to_another(learned: Learned, its: str, to: str | None) -> None:
    """None of the three is among the answers."""
    target = to or "Film"
    units = {label: f / np.linalg.norm(f, axis=1, keepdims=True) for label, f in learned.fit.factors.items()}
    one, other = (units["Film"][row(learned, "Film", id_)] for id_ in ("f4", "f5"))
    sought = units[target][row(learned, target, its)] - one + other
    ids = learned.names[target].index
    known = 1 + np.array([tiny.degrees(tiny.tables(), target)[id_] for id_ in ids])
    scores = pd.Series((1 + units[target] @ sought / np.linalg.norm(sought) * known / (known + 3)) / 2, ids)
    expected = scores.drop([its, "f4", "f5"], errors="ignore").sort_values(ascending=False)
    found = learned.analogy("Film", "f4", its, "f5", 100, to=to)
    assert list(found.index) == list(expected.index)
    assert found["score"].to_dict() == pytest.approx(expected.to_dict(), abs=1e-6)


def test_a_hyperedge_is_completed_as_the_model_scores_it(learned: Learned) -> None:
    found = learned.complete("Making", {"Film": "f4", "Style": "s0"}, "Maker", 100)
    members = np.array([[row(learned, "Film", "f4"), 0, row(learned, "Style", "s0")]])
    scores = softmax(learned.fit.slot_scores("Making", members, 1)[0].astype(float))
    assert found["score"].to_dict() == pytest.approx(dict(zip(learned.names["Maker"].index, scores, strict=True)), rel=1e-4)
    assert set(found.index[found["known"]]) == {"m4", "m6"}
    # Whoever is not given is an average: the probabilities of all are still one.
    assert learned.complete("Making", {"Style": "s0"}, "Maker", 100)["score"].sum() == pytest.approx(1)


def test_values_are_predicted(learned: Learned) -> None:
    tables = tiny.tables()
    tables.hyperedges["Making"]["value"] = np.arange(46) % 7 / 2
    valued = learn(tables, SETTINGS)
    assert valued.fit.types["Making"].loss == "squared"
    found = valued.complete("Making", {"Film": "f4", "Style": "s0"}, "Maker", 100)
    members = np.array([[row(valued, "Film", "f4"), m, row(valued, "Style", "s0")] for m in range(8)])
    values = valued.fit.types["Making"].values(valued.fit.factors, members)
    assert found["score"].to_dict() == pytest.approx(dict(zip(valued.names["Maker"].index, values, strict=True)), abs=1e-4)


@pytest.mark.parametrize(
    ("ask", "error", "told"),
    [
        (lambda it: it.vectors("Flim"), QueryError, "there is no modality Flim"),
        (lambda it: it.similar("Film", "Film 4", to="Makre"), QueryError, "there is no modality Makre"),
        (lambda it: it.similar("Film", "Film 99"), UnknownNameError, "no Film has the name or the id 'Film 99'"),
        (lambda it: it.similar("Film", "Film 1"), AmbiguousNameError, "2 entities of Film are named 'Film 1': f1, f3"),
        (lambda it: it.complete("Makign", {"Film": "f4"}, "Maker"), QueryError, "nothing was learned of a hyperedge type Makign"),
        (lambda it: it.complete("Making", {"Film": "f4"}, "Actor"), QueryError, "Making has no place for Actor"),
    ],
)
def test_what_cannot_be_answered_is_told(learned: Learned, ask: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        ask(learned)


def test_tables_with_problems_are_refused() -> None:
    bad = tiny.tables()
    bad.hyperedges["Making"].loc[3, "member1"] = "nobody"
    with pytest.raises(SourceProblems, match="nobody"):
        learn(bad, SETTINGS)


def test_the_example_of_the_page_works() -> None:
    (example,) = re.findall(r"<!-- example -->\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 - our own page
    assert names["vectors"].shape == (4, 17)
    assert len(names["near"]) == 2
    assert set(names["who"]["name"]) == {"Eco", "Calvino"}
    assert names["who"].set_index("name")["known"].to_dict() == {"Eco": False, "Calvino": True}


def test_the_oddest_hyperedges_come_as_a_frame(learned: Learned) -> None:
    found = learned.outliers("Making", 5)
    assert list(found.columns) == ["Film", "Maker", "Style", "odd", "seen", "expected", "times"]
    assert len(found) == 5
    assert (found["times"] > 1).all()
    with pytest.raises(QueryError, match="nothing was learned of a hyperedge type Makin"):
        learned.outliers("Makin")
