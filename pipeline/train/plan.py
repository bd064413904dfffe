"""What a training will take, before anything starts: who holds what, its memory, and what it tells the others.

Pure data, from what a snapshot's manifest says. The memory is that of a worker on a CPU; on a GPU most of it lies there. Shapes: N
entities, E hyperedges, K arity, M stored weights of a graph, D embedding_dim, W columns of a modality's matrix.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from pipeline.domain.snapshot import SnapshotSummary
from pipeline.domain.training_parameters import LossName, TrainingParameters, UpdateName
from pipeline.errors import ConfigurationError
from pipeline.train.assignment import Sizes, TypeSize, assign, deal, in_words, parts_of
from pipeline.train.problem.problem import loss_of, type_weights_of, update_of, validation_counts
from pipeline.train.stochastic.joined_types import Kind, learned_together
from pipeline.train.stochastic.turns import num_batches, num_merges

WORKER_START_COST = 150_000_000
"""What starting a worker process costs, in the units of `assignment`: some seven seconds of one core, mostly importing torch."""
_UNIT_S = 50e-9
"""Seconds of one core that a unit of `assignment` stands for."""
_PROGRAMS = 1080 * 2**20
"""Bytes of Python, torch, DGL and compiled loops, as resident memory counts them: half are pages that all processes share."""
_AUTOGRAD = 190 * 2**20
"""Bytes of torch's optimisers and what they import, which the recurrent update alone uses."""
_PRODUCTS = 16 * 2**20
"""Bytes of row products that a solve keeps (`Kernels.product_bytes`), or of scores that validation holds at once."""
_FLOAT = 4


@dataclass(frozen=True)
class Share:
    """What one worker has.

    Attributes
    ----------
    modalities
        Labels of those that it updates.
    has
        The same in words; of a modality, or of all, that several workers have between them, which part.
    entities
        Their entities; of a part of a modality's rows, about as many as it has.
    hyperedges
        Hyperedges that hold one of them or more; of a part, about as many as it has to do with in a round.
    work
        Its part of the work of a round.
    memory
        Bytes by what they are for.
    sends, receives
        Bytes that it tells in a round, each counted once however many hear it, and that it hears.
    """

    modalities: tuple[str, ...]
    has: str
    entities: int
    hyperedges: int
    work: float
    memory: Mapping[str, int]
    sends: int
    receives: int


@dataclass(frozen=True)
class Plan:
    """Who does what.

    Attributes
    ----------
    update
        Which update trains.
    processes
        Number of worker processes; 0 is none but the caller's own.
    shares
        What each worker has, by rank; in the caller's process, all.
    reason
        Why the number was chosen; empty where it was given.
    merges
        How often in a round workers that share batches make one model of what they have moved; 0 where none do.
    """

    update: UpdateName
    processes: int
    shares: tuple[Share, ...]
    reason: str
    merges: int = 0

    @property
    def imbalance(self) -> float:
        """The largest share of the work over the mean: 1 where all have as much to do."""
        return max(share.work for share in self.shares) * len(self.shares)

    @property
    def in_words(self) -> str:
        """The number of workers and how evenly they are loaded, in a line."""
        if self.processes < 2:
            return f"{self.processes or 'no'} worker{'s' * (self.processes != 1)}"
        return f"{self.processes} workers, the busiest with {self.imbalance:.2f} times the mean work"

    def to_json(self) -> dict[str, Any]:
        """As plain dictionaries, strings and numbers."""
        shares = [asdict(share) | {"memory": dict(share.memory), "modalities": list(share.modalities)} for share in self.shares]
        return {
            "update": self.update,
            "processes": self.processes,
            "reason": self.reason,
            "imbalance": self.imbalance,
            "merges": self.merges,
            "workers": shares,
        }


def plan(summary: SnapshotSummary, parameters: TrainingParameters, workers: int | Literal["auto"], cores: int, gpus: int) -> Plan:
    """Say what a training would take.

    Parameters
    ----------
    summary
        What the snapshot's manifest says.
    parameters
        Settings.
    workers
        Number of worker processes; ``auto``: as many as pay, at most one per modality. With more than that, the dearest modalities
        are cut by rows. Of the likelihood every worker has all modalities and takes its part of the batches.
    cores, gpus
        What the machine has.

    Raises
    ------
    ConfigurationError
        If there are more workers than entities, or, of the likelihood, than hyperedges.
    """
    apart = _sizes(summary, parameters)
    losses = {label: loss_of(label, label in summary.measured, parameters) for label in apart.types}
    update = update_of(losses.values(), parameters)
    share_batches = update == "stochastic"
    sizes, losses = _joined(apart, losses, summary, parameters) if share_batches else (apart, losses)
    costs = assign(sizes, parameters.cg_iterations).costs
    counts = [size.num_hyperedges for size in sizes.types.values()] if share_batches else sizes.num_entities.values()
    most = max(sum(counts), len(costs))
    if workers == "auto":
        processes, reason = choose_workers(list(costs.values()), parameters.rounds, cores, gpus, update)
    elif 1 <= workers <= most:
        processes, reason = workers, ""
    else:
        what = "hyperedges" if share_batches else "entities"
        raise ConfigurationError(f"{workers} workers cannot share {sum(counts)} {what}", hint=f"choose 1 to {most}, or auto")
    owned = [list(costs)] * (processes or 1) if share_batches else deal(costs, processes or 1)
    merges = _merges(sizes, losses, parameters, processes) if share_batches and processes > 1 else 0
    threads = max(1, cores // len(owned))
    own_biases = _FLOAT * (_places(apart) - _places(sizes))
    needs = _Needs(sizes, parameters, update, _widths(sizes, losses, summary.measured, parameters, update), own_biases)
    whole = sum(costs.values())
    shares = []
    for rank, own in enumerate(owned):
        parts = len(parts_of(owned, own[0])) if own else 1
        joining = sum(size.num_hyperedges for size in sizes.types.values() if not set(own).isdisjoint(size.modalities))
        shares.append(
            Share(
                tuple(own),
                in_words(owned, rank),
                sum(sizes.num_entities[label] for label in own) // (1 if share_batches else parts),
                joining // parts,
                sum(costs[label] for label in own) / parts / whole,
                needs.memory(own, parts, threads),
                *((0, 0) if processes < 2 else needs.merged(merges) if share_batches else needs.told(own, parts)),
            )
        )
    return Plan(update, processes, tuple(shares), reason, merges)


def choose_workers(costs: Sequence[int], rounds: int, cores: int, gpus: int, update: UpdateName) -> tuple[int, str]:
    """Choose how many worker processes to start; 0 for none, to work in the caller's process.

    On several GPUs one each, at most one per modality; on one, none. On cores alone, threads already keep modalities apart in one
    process, and another process adds only its start, paid on the same cores; it frees the modalities from sharing one interpreter,
    which is worth it where a round is long: as many as there are cores and modalities once the work outweighs starting them ten
    times over. The likelihood is trained in the caller's process: other numbers of workers give other vectors, which are not to
    depend on the machine.

    Parameters
    ----------
    costs
        Cost of a round's update, per modality.
    rounds
        Number of rounds.
    cores, gpus
        What the machine has.
    update
        Which update trains.

    Returns
    -------
    int
        How many.
    str
        Why.
    """
    if update == "stochastic":
        return 0, "another number of workers gives other vectors of the likelihood; --workers says how many"
    most = min(gpus or cores, len(costs))
    if most == 1:
        return 0, "there is one modality" if len(costs) == 1 else f"there is one {'GPU' if gpus else 'core'}"
    if gpus:
        return most, f"there are {gpus} GPUs and {len(costs)} modalities"
    takes, pays = rounds * sum(costs) * _UNIT_S, 10 * most * WORKER_START_COST * _UNIT_S
    told = f"{rounds} rounds take one core some {takes:,.0f} s, and {most} processes pay from {pays:,.0f} s on"
    return (most if takes > pays else 0), told


def _merges(sizes: Sizes, losses: Mapping[str, LossName], parameters: TrainingParameters, processes: int) -> int:
    """How often in a round workers merge."""
    counts = {label: size.num_hyperedges for label, size in sizes.types.items()}
    kept = validation_counts(counts, losses, parameters)
    return num_merges(
        sum(num_batches(count - kept[label], parameters.batch_size, processes) for label, count in counts.items()), processes
    )


def _sizes(summary: SnapshotSummary, parameters: TrainingParameters) -> Sizes:
    """What is learned from, by the counts and the weights in force."""
    counts, dataset = summary.counts, summary.dataset
    weights = type_weights_of(dataset, parameters)
    types = {
        kind.label: TypeSize(kind.members, counts["hyperedges"][kind.label])
        for kind in dataset.hyperedge_types
        if counts["hyperedges"][kind.label] and weights[kind.label] > 0
    }
    entries: dict[str, int] = {}
    for graph in dataset.graphs:
        name = "-".join(graph.key)
        if parameters.graph_weights.get(name, graph.weight) * parameters.graph_weight > 0 and counts["relations"][name]:
            entries[graph.modality] = entries.get(graph.modality, 0) + 2 * counts["relations"][name]
    return Sizes(counts["entities"], types, entries)


def _joined(
    sizes: Sizes, losses: Mapping[str, LossName], summary: SnapshotSummary, parameters: TrainingParameters
) -> tuple[Sizes, dict[str, LossName]]:
    """The same with the types as one that are learned as one."""
    weights = type_weights_of(summary.dataset, parameters)
    kinds = {label: Kind(size.modalities, weights[label], losses[label]) for label, size in sizes.types.items()}
    types = {
        group[0]: TypeSize(sizes.types[group[0]].modalities, sum(sizes.types[label].num_hyperedges for label in group))
        for group in learned_together(kinds)
    }
    return replace(sizes, types=types), {label: losses[label] for label in types}


def _places(sizes: Sizes) -> int:
    """How many biases the types have."""
    return sum(sizes.num_entities[label] for size in sizes.types.values() for label in size.modalities)


def _widths(
    sizes: Sizes, losses: Mapping[str, str], measured: Iterable[str], parameters: TrainingParameters, update: UpdateName
) -> dict[str, int]:
    """W: the vectors, of an ensemble those of one model, and a column for each slot that has an offset or a bias."""
    with_columns = [label for label in losses if update == "stochastic" or (parameters.offsets and label in measured)]
    held = {label: sum(sizes.types[kind].modalities.count(label) for kind in with_columns) for label in sizes.num_entities}
    return {label: parameters.components_of_each(update) + count for label, count in held.items()}


class _Needs:
    """What workers need and tell, by formula."""

    def __init__(
        self, sizes: Sizes, parameters: TrainingParameters, update: UpdateName, widths: Mapping[str, int], own_biases: int
    ) -> None:
        self._sizes = sizes
        self._parameters = parameters
        self._update = update
        self._own_biases = own_biases
        """Bytes of the biases that types have in the end that are learned as one."""
        self._matrices = {label: _FLOAT * count * widths[label] for label, count in sizes.num_entities.items()}
        """Bytes of N × W."""

    def memory(self, own: Sequence[str], parts: int, threads: int) -> dict[str, int]:
        """Bytes by what they are for; all workers hold all factors and hyperedges, and more of what is their own, be it a part.

        programs
            A constant, and another one of the recurrent update.
        hyperedges
            Members (8 K) and value (4) of each; of least squares those of own modalities again by each position (4 K + 8), of the
            likelihood all again.
        factors
            N × W numbers as they stand, as the others tell them, and, where the last round may not be the best, of the best one;
            and those of the models of an ensemble that are trained already; of each model, biases of types that are learned as one.
        graphs
            Weights and Laplacian (20 M); own ones laid out (8 M), or the means of neighbours (12 M).
        optimiser
            Of own modalities the step and residual before (exact), the start (recurrent), the sums of squares (stochastic; of
            several workers factors and sums once more, as they were when last merged).
        products
            What a solve, a pass of the network, or a validation holds meanwhile, of as many modalities as there are threads; or, of
            several workers that merge, three times what moves.
        """
        least_squares = self._update != "stochastic"
        every = sum(self._matrices.values())
        mine = [self._matrices[label] for label in own]
        keeps_best = self._parameters.validation > 0 or self._update == "recurrent"
        before = self._parameters.num_models(self._update) - 1
        entries = self._sizes.graph_entries
        near = 8 * sum(entries.get(label, 0) for label in own) // parts if least_squares else 12 * sum(entries.values())
        times = {"exact": 2 / parts, "recurrent": 1, "stochastic": 1 if parts == 1 else 3}[self._update]
        products = sum(sorted((self._products(label, parts) for label in own), reverse=True)[:threads])
        return {
            "programs": _PROGRAMS + (_AUTOGRAD if self._update == "recurrent" else 0),
            "hyperedges": self._hyperedges(own, parts),
            "factors": every * ((3 if keeps_best else 2) + before) + self._own_biases * (before + 1),
            "graphs": 20 * sum(entries.values()) + near,
            "optimiser": int(sum(mine) * times),
            "products": max(3 * every * (not least_squares and parts > 1), products),
        }

    def _hyperedges(self, own: Sequence[str], parts: int) -> int:
        total = 0
        for size in self._sizes.types.values():
            arity, count = len(size.modalities), size.num_hyperedges
            total += count * (8 * arity + 4)
            places = sum(modality in own for modality in size.modalities)
            if self._update == "stochastic":
                total += count * (8 * arity + 4)
            else:
                total += count * (4 * arity + 8) * places // parts
        return total

    def _products(self, label: str, parts: int) -> int:
        parameters, matrix = self._parameters, self._matrices[label]
        if self._update == "exact":
            gathered = matrix if parts > 1 and label in self._sizes.graph_entries else 0
            return 5 * matrix // parts + gathered + _PRODUCTS
        if self._update == "stochastic":
            return (4 if label in self._sizes.graph_entries else 1) * matrix + _PRODUCTS
        order = parameters.chebyshev_order if label in self._sizes.graph_entries else 0
        state = 14 * _FLOAT * parameters.hidden_dim * self._sizes.num_entities[label]
        return parameters.diffusion_steps * (2 * (order + 1) * matrix + state)

    def told(self, own: Sequence[str], parts: int) -> tuple[int, int]:
        """Bytes that a worker sends and receives in a round: matrices, and sums that all add up.

        Those who have a modality between them tell each other more: the vector of each step of conjugate gradients, where a graph
        ties its rows (exact), or the gradient of each step of the network (recurrent).
        """
        dim = self._parameters.components_of_each(self._update)
        slots = sum(len(size.modalities) for size in self._sizes.types.values())
        sums = 8 * 3 * slots * dim**2
        held = sum(self._matrices[label] for label in own)
        mine = held // parts
        sent, received = mine + sums, sum(self._matrices.values()) - mine + sums
        if parts > 1:
            tied = any(label in self._sizes.graph_entries for label in own)
            gathers = self._parameters.network_steps if self._update == "recurrent" else (self._parameters.cg_iterations + 1) * tied
            sent, received = sent + gathers * mine, received + gathers * (held - mine)
        return sent, received

    def merged(self, merges: int) -> tuple[int, int]:
        """Bytes that a worker that shares batches sends and receives in a round: all that moves, and squares, added up over all."""
        slots = sum(len(size.modalities) for size in self._sizes.types.values())
        dim = self._parameters.components_of_each(self._update)
        small = _FLOAT * dim * (slots + len(self._sizes.types) + 2 * len(self._sizes.graph_entries))
        told = merges * 2 * (sum(self._matrices.values()) + small)
        return told, told
