import pytest

from pipeline.train.launch.torchrun import culprit


@pytest.mark.parametrize(
    ("ended", "followers", "expected"),
    [
        ({}, set(), None),
        ({1: -9}, set(), 1),
        ({0: 3, 1: -9}, {0}, 1),  # the other told that it lost somebody
        ({0: -15, 1: -9}, set(), 1),  # the other was asked to end before it noticed
        ({0: -15, 1: 3}, {1}, 0),  # somebody else asked
        ({0: 3, 1: 3}, {0, 1}, 0),  # all lost somebody
    ],
)
def test_who_failed_first(ended: dict[int, int], followers: set[int], expected: int | None) -> None:
    assert culprit(ended, followers) == expected
