import pytest
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from pipeline.train.launch.torchrun import culprit, statuses


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
    """Of what torchrun itself reports of such workers."""
    failures = {rank: ProcessFailure(rank, 100 + rank, status, "<N/A>") for rank, status in ended.items()}
    log = f"W1126 a warning\nTraceback:\n{ChildFailedError('worker', failures)}" if failures else "no report"
    found = statuses(log)
    assert found == ended
    assert culprit(found, followers) == expected
