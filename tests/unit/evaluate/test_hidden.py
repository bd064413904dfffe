"""What is hidden, of hyperedges and of entities."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.errors import ConfigurationError
from pipeline.evaluate.hidden import hide
from tests.unit.train.hypergraphs import coupled


def cells(members_EK: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, members_EK.tolist()))


def test_a_tenth_of_the_hyperedges_of_one_type_is_hidden() -> None:
    whole = coupled(num=30)
    test, validation = (hide(whole, "Trio", None, part, 1) for part in ("test", "validation"))
    assert test.asked["Trio"].num_hyperedges == validation.asked["Trio"].num_hyperedges == 3
    assert test.known.hyperedges["Trio"].num_hyperedges == 27
    assert validation.known.hyperedges["Trio"].num_hyperedges == 24  # the test part is hidden as well
    assert not cells(test.asked["Trio"].members_EK) & cells(validation.asked["Trio"].members_EK)
    for hidden in (test, validation):
        assert cells(hidden.true["Trio"]) == cells(whole.hyperedges["Trio"].members_EK)
        assert hidden.known.hyperedges["Quad"] is whole.hyperedges["Quad"]


def test_cold_start_hides_all_hyperedges_of_an_entity_at_whatever_position() -> None:
    whole = replace(coupled(num=30), num_entities={"Ant": 40, "Bee": 40, "Cat": 40, "Dog": 40}, graphs={})
    twins = whole.hyperedges["Twins"]
    rows = np.stack([np.arange(30), np.arange(30), (np.arange(30) + 1) % 30], axis=1)
    whole = replace(whole, hyperedges={**whole.hyperedges, "Twins": replace(twins, members_EK=rows)})
    hidden = hide(whole, "Twins", "Ant", "test", 0)
    asked, known = hidden.asked["Twins"].members_EK, hidden.known.hyperedges["Twins"].members_EK
    gone = set(range(30)) - set(known[:, 1:].ravel().tolist())
    assert len(asked) + len(known) == 30
    drawn = [ant for ant in range(30) if ant not in known[:, 1] and ant not in known[:, 2]]
    assert len(drawn) == 3
    assert cells(asked) == {tuple(row) for row in rows.tolist() if set(row[1:]) & gone}


def test_too_few_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="Trio has 7 hyperedges, at least 10 are needed"):
        hide(coupled(num=7), "Trio", None, "test", 0)
    with pytest.raises(ConfigurationError, match=r"Trio has \d entities of Cat, at least 10"):
        hide(coupled(num=30), "Trio", "Cat", "test", 0)
