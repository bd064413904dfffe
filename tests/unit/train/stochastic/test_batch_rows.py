"""Which rows a batch names, as a table."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.kernels.kernels import Kernels
from pipeline.train.stochastic.batch_rows import lay_out, number_rows


def test_a_batch_names_members_and_candidates_of_every_position_of_a_modality() -> None:
    """Ants stand at two positions; of dogs all are candidates."""
    members = np.array([[7, 3, 7], [0, 2, 1], [3, 3, 9]])
    candidates = [np.array([8, 3]), None, np.array([3, 1])]
    rows, positions = lay_out(("Ant", "Dog", "Ant"), members, candidates, {"Ant": 10, "Dog": 3}, CompiledKernels())
    assert rows["Ant"].rows_R.tolist() == rows["Ant"].host_R.tolist() == [1, 3, 7, 8, 9]
    assert rows["Dog"].rows_R.tolist() == [0, 1, 2]
    assert [at.members_B.tolist() for at in positions] == [[2, 1, 2], [0, 2, 1], [1, 1, 4]]
    assert [at.candidates_C.tolist() for at in positions] == [[3, 1], [0, 1, 2], [1, 0]]
    assert [at.everyone for at in positions] == [False, True, False]
    # Namings of ants: 8 3, 7 3 7, 3 1, 3 3 9.
    assert rows["Ant"].namings.order_M.tolist() == [6, 1, 3, 5, 7, 8, 2, 4, 0, 9]
    assert rows["Ant"].namings.begins_P.tolist() == [0, 1, 6, 8, 9]


def test_long_rows_are_cut_for_a_device_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kernels, "longest_sum", 2)
    members, nobody = np.array([[4, 4, 1, 4, 4, 4]]), [np.zeros(0, np.int64)]
    rows, _ = lay_out(("Ant",), members, nobody, {"Ant": 5}, Kernels(torch.device("cpu")))
    namings = rows["Ant"].namings
    assert namings.order_M.tolist() == [2, 0, 1, 3, 4, 5]
    assert (namings.begins_P.tolist(), namings.firsts_R.tolist()) == ([0, 1, 3, 5], [0, 1])


@given(st.lists(st.integers(0, 8), max_size=40))
def test_numbers_lead_back_to_the_rows(named: list[int]) -> None:
    named_M = np.array(named, np.int64)
    rows_R, numbers_M, order_M, begins_R = number_rows(named_M)
    assert rows_R.tolist() == sorted(set(named))
    assert rows_R[numbers_M].tolist() == named
    assert order_M.tolist() == sorted(range(len(named)), key=lambda place: named[place])
    assert named_M[order_M[begins_R]].tolist() == rows_R.tolist()
