"""Plans by counts alone: who has what, why, and how evenly."""

from pathlib import Path

import pytest

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.device import Device
from pipeline.domain.snapshot import SnapshotSummary
from pipeline.domain.training_parameters import TrainingParameters, UpdateName
from pipeline.errors import ConfigurationError
from pipeline.train.launch.launch import plan_training
from pipeline.train.plan import WORKER_START_COST, Plan, choose_workers, plan
from tests.unit.train.hypergraphs import coupled, least_squares, snapshot_of

MIB = 2**20


def power_law(num_modalities: int) -> SnapshotSummary:
    """A ring of types of three modalities that follow each other, the n-th with 1/n of the first one's hyperedges and entities."""
    labels = [f"M{number}" for number in range(num_modalities)]
    types = tuple(HyperedgeType(f"T{n}", tuple(labels[(n + k) % num_modalities] for k in range(3))) for n in range(num_modalities))
    dataset = Dataset("ring", tuple(map(Modality, labels)), types, (IntraModalGraph("M0"),))
    counts = {
        "entities": {label: 100_000 // (n + 1) for n, label in enumerate(labels)},
        "relations": {"M0-SIMILAR": 500_000},
        "hyperedges": {kind.label: 1_000_000 // (n + 1) for n, kind in enumerate(types)},
    }
    return SnapshotSummary(dataset, counts, frozenset(), {}, "")


@pytest.mark.parametrize(
    ("costs", "rounds", "cores", "gpus", "update", "expected", "reason"),
    [
        ([1000, 1000], 10, 2, 0, "exact", 0, "10 rounds take one core some 0 s, and 2 processes pay from 150 s on"),
        ([1000, 1000], 10, 16, 8, "exact", 2, "8 GPUs and 2 modalities"),  # one per modality at most
        ([1000, 1000], 10, 1, 1, "exact", 0, "one GPU"),
        ([1000] * 7, 10, 16, 4, "exact", 4, "4 GPUs"),
        ([WORKER_START_COST] * 7, 100, 16, 0, "exact", 7, "5,250 s, and 7 processes pay from 525 s on"),
        ([WORKER_START_COST] * 7, 100, 4, 0, "recurrent", 4, "4 processes"),
        ([WORKER_START_COST] * 7, 100, 1, 0, "exact", 0, "one core"),
        ([WORKER_START_COST], 100, 16, 4, "exact", 0, "one modality"),
        ([WORKER_START_COST] * 7, 100, 16, 8, "stochastic", 0, "another number of workers gives other vectors"),
    ],
)
def test_workers_are_started_where_they_pay(
    costs: list[int], rounds: int, cores: int, gpus: int, update: UpdateName, expected: int, reason: str
) -> None:
    count, why = choose_workers(costs, rounds, cores, gpus, update)
    assert count == expected
    assert reason in why


@pytest.mark.parametrize(
    ("modalities", "workers", "imbalance"),
    [
        (4, 4, 1.12),
        (8, 4, 1.14),
        (8, 8, 1.71),
        (16, 4, 1.05),
        (16, 8, 1.35),
        (16, 16, 2.70),
        (64, 4, 1.01),
        (64, 16, 1.90),
        (64, 64, 7.59),
    ],
)
def test_a_power_law_is_shared_as_evenly_as_whole_modalities_allow(modalities: int, workers: int, imbalance: float) -> None:
    """Where the busiest has several, it has at most a third more than the mean or than the dearest modality (Graham 1969)."""
    summary = power_law(modalities)
    planned = plan(summary, least_squares(embedding_dim=32), workers, cores=workers, gpus=0)
    assert planned.processes == len(planned.shares) == workers
    assert sorted(label for share in planned.shares for label in share.modalities) == sorted(summary.dataset.labels)
    assert sum(share.work for share in planned.shares) == pytest.approx(1)
    assert planned.imbalance == pytest.approx(imbalance, abs=0.01)
    busiest = max(planned.shares, key=lambda share: share.work)
    assert len(busiest.modalities) == 1 or planned.imbalance <= 4 / 3
    # All that somebody sends all others receive.
    sums = 8 * 3 * 3 * modalities * 32**2
    matrices = sum(share.sends - sums for share in planned.shares)
    assert matrices == sum(4 * 32 * count for count in summary.counts["entities"].values())
    assert {share.sends + share.receives for share in planned.shares} == {matrices + 2 * sums}


@pytest.mark.parametrize(("modalities", "workers", "imbalance"), [(4, 8, 1.12), (4, 16, 1.12), (4, 64, 1.01), (64, 128, 1.16)])
def test_more_workers_cut_modalities_by_rows(modalities: int, workers: int, imbalance: float) -> None:
    summary = power_law(modalities)
    planned = plan(summary, least_squares(embedding_dim=32), workers, cores=workers, gpus=0)
    assert planned.processes == len(planned.shares) == workers
    assert {label for share in planned.shares for label in share.modalities} == set(summary.dataset.labels)
    assert sum(share.work for share in planned.shares) == pytest.approx(1)
    assert planned.imbalance == pytest.approx(imbalance, abs=0.01)
    whole = plan(summary, least_squares(embedding_dim=32), 1, cores=1, gpus=0).shares[0]
    for share in planned.shares:
        if " part " in share.has:
            assert share.memory["hyperedges"] < whole.memory["hyperedges"]
            assert share.memory["optimiser"] < whole.memory["optimiser"]


@pytest.mark.parametrize("workers", [0, 208_334, 1_000_000])
def test_more_workers_than_entities_are_refused(workers: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{workers} workers cannot share 208333 entities"):
        plan(power_law(4), least_squares(), workers, cores=64, gpus=0)


@pytest.mark.parametrize(("update", "sent"), [("exact", 7), ("recurrent", 5)])
def test_a_part_tells_its_peers_what_they_need_to_work_as_one(update: UpdateName, sent: int) -> None:
    """In matrices of the part's rows: the vector of six steps and the residual, or five gradients."""
    parameters = least_squares(update=update, embedding_dim=32, network_steps=5)
    dataset = Dataset("one", (Modality("A"), Modality("B")), (HyperedgeType("T", ("A", "B")),), (IntraModalGraph("A"),))
    counts = {"entities": {"A": 200_000, "B": 100}, "relations": {"A-SIMILAR": 5_000_000}, "hyperedges": {"T": 1_000_000}}
    summary = SnapshotSummary(dataset, counts, frozenset(), {}, "")
    plans = {workers: plan(summary, parameters, workers, cores=1, gpus=0) for workers in (2, 3)}
    assert [share.has for share in plans[3].shares] == ["A, part 1 of 2", "A, part 2 of 2", "B"]
    whole, part = (plans[workers].shares[0] for workers in (2, 3))
    matrix = 4 * 32 * 100_000
    assert part.sends - (whole.sends - matrix) == sent * matrix


def test_of_the_likelihood_all_have_everything_and_a_part_of_the_batches() -> None:
    """And tell each other, at each merge, what moves and its squares."""
    summary, parameters = power_law(4), TrainingParameters(embedding_dim=32, validation=0.0)
    alone, *several = (plan(summary, parameters, workers, cores=1, gpus=0) for workers in (1, 2, 8))
    (whole,) = alone.shares
    assert (alone.merges, whole.has, whole.sends) == (0, "M0, M1, M2, M3", 0)
    # An entity has its vector and a number for each place; a type its scale and centres, and the graph two filters.
    moves = 4 * (sum(summary.counts["entities"].values()) * (32 + 3) + 32 * (4 * (3 + 1) + 2))
    for planned, merges in zip(several, (8, 32), strict=True):
        assert planned.merges == merges
        count = len(planned.shares)
        assert [share.has for share in planned.shares] == [f"all, part {number} of {count}" for number in range(1, count + 1)]
        for share in planned.shares:
            assert set(share.modalities) == set(summary.dataset.labels)
            assert (share.entities, share.hyperedges) == (whole.entities, whole.hyperedges // count)
            assert share.work == pytest.approx(1 / count)
            assert share.sends == share.receives == merges * 2 * moves
            more = {part: size - whole.memory[part] for part, size in share.memory.items() if size != whole.memory[part]}
            # What moves and squares as they were, and three more while they merge.
            assert more["optimiser"] == 2 * whole.memory["optimiser"]
            assert set(more) <= {"optimiser", "products"}
            assert share.memory["products"] >= 3 * whole.memory["optimiser"]


def test_more_workers_than_hyperedges_are_refused() -> None:
    summary = power_law(1)
    with pytest.raises(ConfigurationError, match="1000001 workers cannot share 1000000 hyperedges"):
        plan(summary, TrainingParameters(), 1_000_001, cores=64, gpus=0)


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        # Three types of 28 bytes a hyperedge of which two hold M1 and all three M0; each of M0's places 20 bytes more.
        ("exact", {"hyperedges": 84, "factors": 51, "graphs": 28, "optimiser": 51}),
        ("recurrent", {"hyperedges": 84, "factors": 77, "graphs": 28, "optimiser": 26}),
    ],
)
def test_memory_is_a_sum_of_stated_parts(update: UpdateName, expected: dict[str, int]) -> None:
    dataset = Dataset(
        "one", (Modality("A"), Modality("B"), Modality("C")), (HyperedgeType("T", ("A", "B", "C")),), (IntraModalGraph("A"),)
    )
    counts = {"entities": {"A": 200_000, "B": 0, "C": 0}, "relations": {"A-SIMILAR": 500_000}, "hyperedges": {"T": 1_750_000}}
    parameters = least_squares(update=update, embedding_dim=32)
    (share,) = plan(SnapshotSummary(dataset, counts, frozenset(), {}, ""), parameters, 1, cores=1, gpus=0).shares
    parts = {part: round(size / 1e6) for part, size in share.memory.items() if part in expected}
    assert parts == expected | {"hyperedges": round(1.75 * (28 + 3 * 20))}
    assert (share.sends, share.receives) == (0, 0)


def test_types_and_graphs_that_are_left_out_cost_nothing() -> None:
    parameters = least_squares(type_weights={"T0": 0}, graph_weights={"M0-SIMILAR": 0})
    planned = plan(power_law(4), parameters, 4, cores=4, gpus=0)
    assert {share.memory["graphs"] for share in planned.shares} == {0}
    assert {share.modalities[0]: share.hyperedges for share in planned.shares}["M0"] == 1_000_000 // 3 + 1_000_000 // 4


def test_types_that_are_learned_as_one_are_planned_as_one() -> None:
    def planned(num_types: int) -> Plan:
        types = tuple(HyperedgeType(f"T{number}", ("A", "A")) for number in range(num_types))
        dataset = Dataset("relations", (Modality("A"),), types)
        hyperedges = {kind.label: 100_000 // num_types for kind in types}
        counts = {"entities": {"A": 50_000}, "relations": {}, "hyperedges": hyperedges}
        parameters = TrainingParameters(embedding_dim=64, ensemble=1)
        return plan(SnapshotSummary(dataset, counts, frozenset(), {}, ""), parameters, 2, cores=2, gpus=0)

    one, many = planned(1), planned(100)
    assert many.merges == one.merges
    for few, much in zip(one.shares, many.shares, strict=True):
        assert much.sends == few.sends
        # What they have in the end: biases of their own.
        assert much.memory["factors"] - few.memory["factors"] == 99 * 2 * 50_000 * 4
        assert {**much.memory, "factors": 0} == {**few.memory, "factors": 0}


def test_the_manifest_alone_is_read(tmp_path: Path) -> None:
    """And it tells the loss, by whether values differ."""
    snapshot_of(coupled(3, 200)).write(tmp_path / "measured")
    snapshot_of(coupled(3, 200, presence=True)).write(tmp_path / "presence")
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != "manifest.json":
            file.unlink()
    parameters = TrainingParameters()
    assert plan_training(tmp_path / "measured", parameters, workers=2, device=Device.CPU).update == "exact"
    auto = plan_training(tmp_path / "presence", parameters, device=Device.CPU)
    assert (auto.update, auto.processes, auto.shares[0].hyperedges) == ("stochastic", 0, 616)
