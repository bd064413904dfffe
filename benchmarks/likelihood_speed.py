"""Hyperedges a second of training on the likelihood, beside a plain torch loop and PyKEEN's; and how a round grows.

    uv run --with pykeen==1.11.1 python benchmarks/likelihood_speed.py

Hyperedges are drawn by Zipf's law (benchmarks/training_tensors.py), a tenth as many entities of each modality. Ours and the torch
loop ask the same: each slot of each hyperedge of a batch of 1,024 against as many drawn candidates, a bias per entity and slot,
Adagrad; the loop uses embeddings with sparse gradients and autograd. PyKEEN asks less, the two ends and not the relation: DistMult,
for each triple as many drawn things as we draw candidates, Adagrad, on a tenth of the triples. All in one process, in turns; the
best of several rounds counts, of the peers on one thread or on all cores. Growth is told as the slope of the logarithm of a
round's seconds. Prints two Markdown tables.
"""

import argparse
import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
import torch
from torch import nn

from benchmarks.training_tensors import Case, hypergraph_of, members_and_values
from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train.fit import fit

CASES = (Case("power law", 50_000, 3, 64), Case("power law", 50_000, 4, 64))
PYKEEN_TRIPLES = 5_000
CANDIDATES, BATCH = 256, 1024
_CPU = torch.device("cpu")
GROWTH = {
    "hyperedges": [(Case("power law", count, 3, 64), CANDIDATES) for count in (20_000, 60_000, 180_000)],
    "embedding_dim": [(Case("power law", 60_000, 3, dim), CANDIDATES) for dim in (32, 64, 128)],
    "candidates": [(Case("power law", 60_000, 3, 64), candidates) for candidates in (128, 256, 512)],
    "arity": [(Case("power law", 60_000, arity, 64), CANDIDATES) for arity in (2, 3, 4, 5)],
}

SIZES: Mapping[str, Callable[[Case, int], int]] = {
    "hyperedges": lambda case, _: case.num_hyperedges,
    "embedding_dim": lambda case, _: case.embedding_dim,
    "candidates": lambda _, candidates: candidates,
    "arity": lambda case, _: case.arity,
}


def tensor(case: Case) -> Hypergraph:
    """The case's hyperedges, as presence."""
    members_EK, values_E = members_and_values(case)
    return hypergraph_of(members_EK, np.ones_like(values_E), case.num_entities)


def our_seconds(hypergraph: Hypergraph, embedding_dim: int, candidates: int, rounds: int) -> list[float]:
    """Seconds of each round."""
    parameters = TrainingParameters(
        embedding_dim=embedding_dim, candidates=candidates, batch_size=BATCH, rounds=rounds, patience=rounds, validation=0.0
    )
    return [done.seconds for done in fit(hypergraph, parameters).history[1:]]


def torch_rounds(
    members_EK: np.ndarray,
    num_entities: int,
    embedding_dim: int,
    batch_size: int = BATCH,
    device: torch.device = _CPU,
    finish: Callable[[], None] = lambda: None,
) -> Iterator[float]:
    """Seconds of each round of a loop as one would write it."""
    torch.set_default_device(device)
    arity, members = members_EK.shape[1], torch.from_numpy(members_EK).to(device)
    vectors = nn.ModuleList(nn.Embedding(num_entities, embedding_dim, sparse=True) for _ in range(arity))
    biases = nn.ModuleList(nn.Embedding(num_entities, 1, sparse=True) for _ in range(arity))
    for embedding in (*vectors, *biases):
        nn.init.normal_(embedding.weight, std=0.1)
    adagrad = torch.optim.Adagrad([*vectors.parameters(), *biases.parameters()], lr=0.1)
    target_B = torch.zeros(batch_size, dtype=torch.int64)
    while True:
        clock = time.perf_counter()
        for numbers_B in torch.randperm(len(members)).split(batch_size):
            batch_BK = members[numbers_B]
            own = [vectors[position](batch_BK[:, position]) for position in range(arity)]
            loss = torch.zeros(())
            for position in range(arity):
                others_BD = torch.stack([own[other] for other in range(arity) if other != position]).prod(0)
                drawn_C = torch.randint(num_entities, (CANDIDATES,))
                true_B1 = (others_BD * own[position]).sum(1, keepdim=True) + biases[position](batch_BK[:, position])
                false_BC = others_BD @ vectors[position](drawn_C).T + biases[position](drawn_C).T
                loss = loss + nn.functional.cross_entropy(torch.cat([true_B1, false_BC], 1), target_B[: len(batch_BK)])
            adagrad.zero_grad()
            loss.backward()
            adagrad.step()
        finish()
        torch.set_default_device(_CPU)
        yield time.perf_counter() - clock
        torch.set_default_device(device)


def pykeen_rounds(members_EK: np.ndarray, num_entities: int, embedding_dim: int) -> Iterator[float]:
    """Seconds of each epoch of PyKEEN's loop, had it taken all triples; members at both ends count as things."""
    from pykeen.models import DistMult
    from pykeen.training import SLCWATrainingLoop
    from pykeen.triples import CoreTriplesFactory

    triples = CoreTriplesFactory(torch.from_numpy(members_EK[:PYKEEN_TRIPLES]), num_entities, num_entities)
    model = DistMult(triples_factory=triples, embedding_dim=embedding_dim, loss="crossentropy", random_seed=0)
    adagrad = torch.optim.Adagrad(model.get_grad_params(), lr=0.1)
    loop = SLCWATrainingLoop(
        model=model, triples_factory=triples, optimizer=adagrad, negative_sampler_kwargs={"num_negs_per_pos": CANDIDATES}
    )
    epochs = 0
    while True:
        clock = time.perf_counter()
        epochs += 1
        loop.train(triples, epochs, BATCH, continue_training=epochs > 1, use_tqdm=False, use_tqdm_batch=False)
        yield (time.perf_counter() - clock) * len(members_EK) / PYKEEN_TRIPLES


def quicker(rounds: Iterator[float]) -> float:
    """Seconds of a round on one thread or on all cores, whichever is quicker."""
    cores, taken = torch.get_num_threads(), []
    for threads in (1, cores):
        torch.set_num_threads(threads)
        taken.append(next(rounds))
    torch.set_num_threads(cores)
    return min(taken)


def least_seconds(contenders: dict[str, Callable[[], float]], turns: int) -> dict[str, float]:
    """Let all take turns."""
    taken = [{name: run() for name, run in contenders.items()} for _ in range(turns)]
    return {name: min(each[name] for each in taken) for name in contenders}


def compare(turns: int) -> None:
    """Print the table of speeds."""
    print("| arity | ours, hyperedges a second | torch loop | ours / it | PyKEEN | ours / it |\n|---|---|---|---|---|---|")
    for case in CASES:
        hypergraph = tensor(case)
        members_EK = hypergraph.hyperedges["Event"].members_EK
        loops = {"torch": torch_rounds(members_EK, case.num_entities, case.embedding_dim)}
        if case.arity == 3:
            loops["pykeen"] = pykeen_rounds(members_EK, case.num_entities, case.embedding_dim)
        contenders = {"ours": lambda h=hypergraph, c=case: min(our_seconds(h, c.embedding_dim, CANDIDATES, 3))}
        contenders |= {name: partial(quicker, rounds) for name, rounds in loops.items()}
        speeds = {name: len(members_EK) / seconds for name, seconds in least_seconds(contenders, turns).items()}
        cells = [f"{case.arity}", f"{speeds['ours']:,.0f}"]
        for name in ("torch", "pykeen"):
            cells += [f"{speeds[name]:,.0f}", f"{speeds['ours'] / speeds[name]:.1f}"] if name in speeds else ["", ""]
        print(f"| {' | '.join(cells)} |", flush=True)


def grow() -> None:
    """Print the table of growth."""
    print("\n| grows with | from | a round, s | slope |\n|---|---|---|---|")
    for name, series in GROWTH.items():
        sizes = [SIZES[name](case, candidates) for case, candidates in series]
        seconds = [min(our_seconds(tensor(case), case.embedding_dim, candidates, 3)) for case, candidates in series]
        slope = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
        sizes_told, seconds_told = ", ".join(f"{size:,}" for size in sizes), ", ".join(f"{each:.2f}" for each in seconds)
        print(f"| {name} | {sizes_told} | {seconds_told} | {slope:.2f} |", flush=True)


def main() -> None:
    """Print both tables."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    compare(parser.parse_args().turns)
    grow()


if __name__ == "__main__":
    main()
