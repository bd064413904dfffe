"""Published sets of triples: ours beside PyKEEN's own models, trained by its loop, all ranked by its evaluator.

    uv run --with pykeen==1.11.1 python benchmarks/triples.py [NAME …] [--seconds 10] [--tune 60] [--seeds 3] [--defaults]

The triples and their split come with PyKEEN. Ours is one type (thing, relation, thing), trained on the training part alone: with
the defaults, and with settings, but for the dimension, that `tune` chose in `--tune` seconds by hiding some of that part; and, with
the defaults, a type of pairs for each relation. `--defaults` leaves out what is tuned, and the peers. PyKEEN's
models learn by its LCWA loop against all things (cross entropy, inverse relations, Adam, batches of 256); each gets `--seconds` of
processor time in training, more than ours takes, and the epoch that is best on the validation part, of the learning rate that was
best there with the first seed. Vectors have as many components as ours; those of ComplEx and RotatE are
complex, two numbers for one of ours, and CP has two vectors per thing. They run on one thread, on which batches of that size are
faster than on two; ours has all cores. Ranks are filtered and realistic, of both ends of each test triple. Against drawn things
(sLCWA) no model came as far in that time. Prints a Markdown table: means and deviations of the seeds.
"""

import argparse
import copy
import gc
import logging
import time
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from pykeen.datasets import get_dataset
from pykeen.evaluation import RankBasedEvaluator
from pykeen.losses import CrossEntropyLoss
from pykeen.models import CP, ComplEx, DistMult, Model, RotatE, TuckER
from pykeen.nn.init import xavier_normal_
from pykeen.stoppers import Stopper
from pykeen.training import LCWATrainingLoop
from pykeen.triples import CoreTriplesFactory
from pykeen.utils import set_random_seed

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.evaluate.metrics import mean_and_deviation
from pipeline.train.fit import Fit, fit
from pipeline.tune.tune import tune

NAMES = ("umls", "kinships", "nations")
# The standard normal start that PyKEEN gives these two takes far longer than the time they have.
SMALL_START = {"entity_initializer": xavier_normal_, "relation_initializer": xavier_normal_}
MODELS: Mapping[type[Model], Mapping[str, Any]] = {
    ComplEx: SMALL_START,
    TuckER: {},
    DistMult: {},
    CP: {"rank": 1, **SMALL_START},
    RotatE: {},
}
LEARNING_RATES = (0.01, 0.03)
FACT = HyperedgeType("Fact", ("Thing", "Relation", "Thing"))
MEASURES = {"MRR": "inverse_harmonic_mean_rank", "hits@1": "hits_at_1", "hits@10": "hits_at_10"}

Parts = Mapping[str, CoreTriplesFactory]
Figures = Mapping[str, float]


def ranked(model: "Model | Ours", parts: Parts, part: str) -> Figures:
    """Have PyKEEN's evaluator rank a part."""
    others = [factory.mapped_triples for name, factory in parts.items() if name != part]
    found = RankBasedEvaluator(filtered=True).evaluate(
        model, parts[part].mapped_triples, batch_size=512, additional_filter_triples=others, use_tqdm=False
    )
    return {name: found.get_metric(f"both.realistic.{measure}") for name, measure in MEASURES.items()}


class Ours:
    """Our vectors, as far as PyKEEN's evaluator asks a model."""

    device = torch.device("cpu")
    use_inverse_triples = False

    def __init__(self, fitted: Fit) -> None:
        self._fitted = fitted
        self.num_entities = len(fitted.factors["Thing"])

    def eval(self) -> None:
        """Nothing is drawn when we are asked."""

    def to(self, _: torch.device) -> "Ours":
        """Stay on the processor."""
        return self

    def predict(self, hrt_batch: torch.Tensor, target: str, **_: object) -> torch.Tensor:
        """Score all things at one end of some triples."""
        return torch.from_numpy(self._fitted.slot_scores("Fact", hrt_batch.numpy(), {"head": 0, "tail": 2}[target]))


class OursByRelation(Ours):
    """The same of a type for each relation."""

    def predict(self, hrt_batch: torch.Tensor, target: str, **_: object) -> torch.Tensor:
        """Score all things at one end of some triples."""
        triples_QK = hrt_batch.numpy()
        scores_QN = np.zeros((len(triples_QK), self.num_entities), np.float32)
        for relation in np.unique(triples_QK[:, 1]):
            is_its_Q = triples_QK[:, 1] == relation
            ends_QK = triples_QK[is_its_Q][:, [0, 2]]
            scores_QN[is_its_Q] = self._fitted.slot_scores(f"Relation{relation}", ends_QK, {"head": 0, "tail": 1}[target])
        return torch.from_numpy(scores_QN)


class UntilTheTimeIsUp(Stopper):
    """Stops PyKEEN's loop after some processor seconds of training, and keeps the epoch that is best on the validation part.

    Parameters
    ----------
    model
        What is trained.
    parts
        The triples.
    seconds
        How long; a tenth of it lies between two looks at the validation part.
    """

    def __init__(self, model: Model, parts: Parts, seconds: float) -> None:
        super().__init__()
        self._model, self._parts, self._seconds = model, parts, seconds
        self._clock, self._looked = time.process_time(), 0.0
        self.trained = 0.0
        self.best, self.state = -np.inf, {}

    def should_evaluate(self, _: int) -> bool:
        """Whether it is time for a look."""
        self.trained += time.process_time() - self._clock
        self._clock = time.process_time()
        return self.trained - self._looked >= self._seconds / 10

    def should_stop(self, _: int) -> bool:
        """Look at the validation part; its time does not count."""
        self._looked = self.trained
        reached = ranked(self._model, self._parts, "validation")["MRR"]
        if reached > self.best:
            self.best, self.state = reached, copy.deepcopy(self._model.state_dict())
        self._model.train()
        self._clock = time.process_time()
        return self.trained >= self._seconds

    def get_summary_dict(self) -> Mapping[str, Any]:
        """Nothing is stored."""
        return {}


def train_peer(
    kind: type[Model], parts: Parts, embedding_dim: int, rate: float, seconds: float, seed: int
) -> tuple[float, Figures]:
    """Train one of PyKEEN's models: its best MRR on the validation part, and what that epoch reaches on the test part."""
    set_random_seed(seed)
    known = parts["training"]
    triples = CoreTriplesFactory(known.mapped_triples, known.num_entities, known.num_relations, create_inverse_triples=True)
    loss = CrossEntropyLoss()
    model = kind(triples_factory=triples, embedding_dim=embedding_dim, loss=loss, random_seed=seed, **MODELS[kind])
    loop = LCWATrainingLoop(model=model, triples_factory=triples, optimizer=torch.optim.Adam(model.get_grad_params(), lr=rate))
    stopper = UntilTheTimeIsUp(model, parts, seconds)
    loop.train(triples, num_epochs=100_000, batch_size=256, stopper=stopper, use_tqdm=False, use_tqdm_batch=False)
    model.load_state_dict(stopper.state)
    return stopper.best, ranked(model, parts, "test")


def our_hypergraph(name: str, parts: Parts) -> Hypergraph:
    """The training part."""
    triples = parts["training"]
    dataset = Dataset(name, (Modality("Thing"), Modality("Relation")), (FACT,))
    edges = HyperedgeList(FACT.members, triples.mapped_triples.numpy(), np.ones(triples.num_triples, np.float32))
    return Hypergraph(dataset, {"Thing": triples.num_entities, "Relation": triples.num_relations}, {"Fact": edges}, {})


def by_relation(hypergraph: Hypergraph) -> Hypergraph:
    """The same as a type of pairs for each relation."""
    edges = hypergraph.hyperedges["Fact"]
    pairs = HyperedgeList(("Thing", "Thing"), edges.members_EK[:, [0, 2]], edges.values_E)
    types = {f"Relation{r}": pairs.only(edges.members_EK[:, 1] == r) for r in range(hypergraph.num_entities["Relation"])}
    dataset = Dataset(
        hypergraph.dataset.name, (Modality("Thing"),), tuple(HyperedgeType(label, pairs.modalities) for label in types)
    )
    return Hypergraph(dataset, {"Thing": hypergraph.num_entities["Thing"]}, types, {})


def main() -> None:
    """Train all on each set, and print a table of means and deviations."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    gc.freeze()  # PyKEEN collects garbage every epoch; what was imported need not be looked through
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--tune", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--defaults", action="store_true")
    asked = parser.parse_args()
    print("| triples | model | MRR | hits@1 | hits@10 | processor seconds |\n|---|---|---|---|---|---|")
    for name in asked.names:
        data = get_dataset(dataset=name)
        parts = {"training": data.training, "validation": data.validation, "test": data.testing}
        hypergraph = our_hypergraph(name, parts)
        parameters = hypergraph.dataset.training_parameters({})
        cores = torch.get_num_threads()
        torch.set_num_threads(1)
        for kind in MODELS if not asked.defaults else ():
            train = partial(train_peer, kind, parts, parameters.components("stochastic"), seconds=asked.seconds)
            rate, first = max(((rate, train(rate, seed=0)) for rate in LEARNING_RATES), key=lambda tried: tried[1][0])
            peers = [first, *(train(rate, seed=seed) for seed in range(1, asked.seeds))]
            show(f"{name} | {kind.__name__}", [figures for _, figures in peers], asked.seconds)
        torch.set_num_threads(cores)
        models: list[tuple[str, Hypergraph, Mapping[str, Any], type[Ours]]] = [
            ("ours, defaults", hypergraph, {}, Ours),
            ("ours, a type for each relation, defaults", by_relation(hypergraph), {}, OursByRelation),
        ]
        if not asked.defaults:
            dim = {"embedding_dim": parameters.components("stochastic")}
            models.append(
                ("**ours, chosen by tune**", hypergraph, tune(hypergraph, seconds=asked.tune, settings=dim).settings, Ours)
            )
        for what, learned_from, settings, ours in models:
            found, seconds = [], []
            for seed in range(asked.seeds):
                clock = time.process_time()
                fitted = fit(learned_from, learned_from.dataset.training_parameters({**settings, "seed": seed}))
                seconds.append(time.process_time() - clock)
                found.append(ranked(ours(fitted), parts, "test"))
            show(f"{name} | {what}", found, float(np.mean(seconds)))


def show(name: str, found: list[Figures], seconds: float) -> None:
    """Print one line of the table."""
    figures = ["{:.3f} ± {:.3f}".format(*mean_and_deviation([each[measure] for each in found])) for measure in MEASURES]
    print(f"| {name} | {' | '.join(figures)} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
