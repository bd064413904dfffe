"""Settings of training chosen by successive halving on a validation part.

Optuna proposes settings (the tree-structured Parzen estimator of Bergstra et al. 2011) and gives up trials that are not among the
better third at 3 or 9 rounds (Li et al. 2018). The journal keeps every trial: a run that was killed goes on where it ended. The
proposal after so many finished trials depends on them and the seed alone. The defaults stand unless the best trial is ahead of them
by more than chance: of some twenty trials that are equally good the luckiest is about two standard errors ahead.
"""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
from optuna.storages import InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from pipeline.domain.device import Device
from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.keys import study_key
from pipeline.domain.private_folder import private_folder
from pipeline.domain.progress import Progress, no_progress
from pipeline.errors import ConfigurationError, TrainingDivergedError
from pipeline.evaluate.hidden import Hidden
from pipeline.evaluate.metrics import root_mean_squared_error
from pipeline.evaluate.ranking import Ranking
from pipeline.evaluate.slot import slot_of
from pipeline.evaluate.slot_baselines import baseline_rankings
from pipeline.evaluate.slot_ranks import dense_ranks
from pipeline.evaluate.value_baselines import value_baselines
from pipeline.train.fit import Fit, fit
from pipeline.train.result.round import Round
from pipeline.tune.choice import Choice, choice_in_force, counts_of, journal_file
from pipeline.tune.space import ROUNDS, Space, final
from pipeline.tune.split import held_out, split

_FIRST_RUNG = 3
_KEPT = 3
"""One of so many goes on from each rung."""
_CHANCE = 2.0
"""Standard errors of the difference, over what was asked, by which a trial must be ahead of the defaults."""
_STUCK = 3
"""After so many proposals in a row that were tried before the estimator gives way to chance."""
_REPEATS = 20
"""After so many proposals in a row that were tried before there is nothing new to try."""
_DONE = (TrialState.COMPLETE, TrialState.PRUNED)


class _GivenUpError(Exception):
    """A trial is not worth its further rounds."""


class _OutOfTimeError(Exception):
    """Time is up in the middle of a trial."""


@dataclass(frozen=True)
class Trial:
    """One trial, when it has ended.

    Attributes
    ----------
    number
        From 0.
    settings
        What was tried.
    score
        What it reached; None where it was given up, or diverged.
    best
        The best score so far.
    """

    number: int
    settings: Mapping[str, Any]
    score: float | None
    best: float | None


def tune(
    hypergraph: Hypergraph,
    *,
    seconds: float,
    trials: int | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    journal: Path | None = None,
    device: Device = Device.AUTO,
    on_trial: Callable[[Trial], None] = lambda _: None,
    progress: Progress = no_progress,
) -> Choice:
    """Choose settings of training.

    Parameters
    ----------
    hypergraph
        All the data; a part of it is hidden from training and asked for.
    seconds
        How long to look; a trial that is not finished by then does not count.
    trials
        Most trials, those of a former run that is continued included.
    seed
        Of the validation part, of what is proposed, and of training.
    settings
        Settings that are given and not chosen, beside those of the data set's description.
    journal
        File of the trials; in memory where it is None.
    device
        What trains.
    on_trial
        Is told of every trial as it ends.
    progress
        Shows that it goes on.

    Returns
    -------
    Choice
        The best; without settings of its own if that is the defaults, and with no questions if no trial was finished.

    Raises
    ------
    ConfigurationError
        If there are too few hyperedges to hide any.
    """
    clock = time.monotonic()
    hidden = split(hypergraph, seed)
    if not hidden.asked:
        raise ConfigurationError(
            f"data set {hypergraph.dataset.name} has too few hyperedges to choose settings by hiding some",
            hint="at least 600 of a type are needed; the defaults are used",
        )
    given = {**hypergraph.dataset.training, **(settings or {})}
    space = Space(hypergraph, given)
    study = _study(hypergraph, given, seed, journal)
    for choice in _missing(study, space):
        study.enqueue_trial(choice)
    repeated, deadline = 0, clock + seconds
    with progress("Trials", total=trials) as advance:
        while repeated < _REPEATS and (done := _num_done(study)) < (trials or np.inf) and time.monotonic() < deadline:
            study.sampler = _sampler(seed + done + repeated, repeated)
            tried = _try(study, space, hidden, settings or {}, seed, deadline, device)
            repeated = repeated + 1 if tried is None else 0
            if tried is not None:
                on_trial(tried)
                advance(1)
    chosen, its_settings = best_trial(_finished(study), space.complete(space.first()[0]))
    return Choice(
        hypergraph.dataset.name,
        {**(settings or {}), **its_settings},
        float(chosen.value or 0.0) if chosen else 0.0,
        _beside_baselines(hidden, chosen.user_attrs["questions"], seed) if chosen else (),
        _num_done(study),
        time.monotonic() - clock,
        counts_of(hypergraph),
    )


def tune_and_keep(hypergraph: Hypergraph, folder: Path, *, seconds: float, **options: Any) -> Choice:  # noqa: ANN401 - those of `tune`
    """Choose settings of training, going on where a former choosing stopped, and keep them for every later run.

    Parameters
    ----------
    hypergraph, seconds
        As in `tune`.
    folder
        Where choices are kept.
    **options
        Others of `tune`.

    Raises
    ------
    ConfigurationError
        If there are too few hyperedges, or no trial was finished; what was kept still is.
    """
    choice = tune(hypergraph, seconds=seconds, journal=journal_file(folder, hypergraph.dataset.name), **options)
    if not choice.questions:
        raise ConfigurationError(
            f"no trial was finished in {seconds:g} s", hint="give it more --seconds; it goes on where it stopped"
        )
    choice.write(folder)
    return choice


def choice_in_words(choice: Choice, given: Mapping[str, Any]) -> str:
    """What was chosen besides what was given, in short."""
    if choice.settings == given:
        return f"{choice.trials} trials, none ahead of the defaults' {choice.score:.3f} by more than chance"
    return f"{choice.trials} trials, {choice.score:.3f} on what was hidden"


def best_trial(
    finished: Sequence[optuna.trial.FrozenTrial], defaults: Mapping[str, Any]
) -> tuple[optuna.trial.FrozenTrial | None, Mapping[str, Any]]:
    """Find the best of finished trials; it is that of the defaults unless another is ahead of it by more than chance.

    Parameters
    ----------
    finished
        Trials with ``figures``, what each hyperedge asked for came to, by type, and the ``settings`` to keep.
    defaults
        What the trial of the defaults was asked, and answered.

    Returns
    -------
    trial
        None where there is none.
    settings
        What is to be kept of it: nothing of the defaults, which find the number of rounds by themselves.
    """
    if not finished:
        return None, {}
    best = max(finished, key=lambda trial: trial.value or 0.0)
    first = next((trial for trial in finished if trial.params == defaults), None)
    if first is None:
        return best, best.user_attrs["settings"]
    figures = best.user_attrs["figures"]
    ahead = [np.subtract(figures[label], figures_E) for label, figures_E in first.user_attrs["figures"].items()]
    standard_error = np.sqrt(sum(ahead_E.var(ddof=1) / len(ahead_E) for ahead_E in ahead)) / len(ahead)
    if np.mean([ahead_E.mean() for ahead_E in ahead]) > _CHANCE * standard_error:
        return best, best.user_attrs["settings"]
    return first, {}


def settle(
    hypergraph: Hypergraph,
    folder: Path,
    settings: Mapping[str, Any],
    seconds: float,
    progress: Progress = no_progress,
    *,
    stored: Mapping[str, Any] | None = None,
    device: Device = Device.AUTO,
) -> tuple[Choice | None, str]:
    """Find the settings that are kept for a data set; choose them where there are none, or the data have changed a lot.

    Parameters
    ----------
    hypergraph
        All the data.
    folder
        Where choices are kept.
    settings
        Settings that are given for this run.
    seconds
        How long choosing may take; 0 never chooses.
    progress
        Shows that it goes on.
    stored
        The choice that the database keeps, as plain JSON: it counts where none is kept in the folder.
    device
        What trains.

    Returns
    -------
    choice
        None where the description's own settings, or the defaults, are to be used.
    told
        What was done, in words.
    """
    name = hypergraph.dataset.name
    kept = choice_in_force(folder, name, stored)
    if kept is not None and kept.fits(hypergraph):
        what = "settings" if kept.settings else "the defaults,"
        return kept, f"{what} chosen in {kept.trials} trials, {kept.score:.3f} on what was hidden"
    if kept is None and (hypergraph.dataset.training or settings):
        return None, "the data set's own settings"
    if not seconds:
        return kept, "not tuned" if kept is None else "chosen for other data, and kept"
    if not split(hypergraph, 0).asked:
        return None, "too few hyperedges to choose settings on: the defaults"
    journal = journal_file(folder, name)
    choice = tune(hypergraph, seconds=seconds, settings=settings, journal=journal, device=device, progress=progress)
    choice.write(folder)
    told = choice_in_words(choice, settings) if choice.questions else f"no trial was finished in {seconds:.0f} s: the defaults"
    return choice, f"{told}; `hyperlearn tune` takes more time"


def _study(hypergraph: Hypergraph, given: Mapping[str, Any], seed: int, journal: Path | None) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if journal is not None:
        private_folder(journal.parent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = InMemoryStorage() if journal is None else JournalStorage(JournalFileBackend(str(journal)))
    # Other data, other given settings, another seed or another way of training are another study; the same is continued.
    name = study_key(hypergraph.dataset.name, counts_of(hypergraph), repr(sorted(given.items(), key=repr)), seed)
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=_FIRST_RUNG, reduction_factor=_KEPT),
    )
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        # Of a run that was killed.
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def _sampler(seed: int, repeated: int) -> optuna.samplers.BaseSampler:
    """What proposes next: chance, where the estimator has come upon nothing new."""
    if repeated >= _STUCK:
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=8)


def _missing(study: optuna.Study, space: Space) -> list[dict[str, Any]]:
    seen = [trial.params for trial in study.get_trials(deepcopy=False, states=_DONE)]
    waiting = [
        trial.system_attrs.get("fixed_params", {}) for trial in study.get_trials(deepcopy=False, states=[TrialState.WAITING])
    ]
    # What is named is tried with the first choice, the default, of everything else.
    return [whole for choice in space.first() if (whole := space.complete(choice)) not in seen and whole not in waiting]


def _num_done(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=_DONE))


def _finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])


def _try(
    study: optuna.Study,
    space: Space,
    hidden: Hidden,
    settings: Mapping[str, Any],
    seed: int,
    deadline: float,
    device: Device,
) -> Trial | None:
    """Run the next trial; None if it was tried before, or time is up."""
    trial = study.ask()
    chosen = space.propose(trial)
    if trial.params in [each.params for each in study.get_trials(deepcopy=False, states=_DONE)]:
        study.tell(trial, state=TrialState.FAIL)
        return None
    parameters = hidden.known.dataset.training_parameters({**settings, **chosen})
    most = parameters.rounds if space.has_only_values else ROUNDS.get(parameters.update, parameters.rounds)
    parameters = replace(parameters, rounds=min(parameters.rounds, most), seed=seed)
    # Of values, training hides some itself, and will do so again: what is asked here is asked of that.
    stop_by = None if space.has_only_values else held_out(hidden)

    told = 0

    def watch(done: Round) -> None:
        nonlocal told
        if time.monotonic() > deadline:
            raise _OutOfTimeError
        # Where norms are tried, each round of the first training counts, and of the others those that go on after it.
        if parameters.update == "stochastic" and done.number > told and done.validation:
            told = done.number
            trial.report(1 - float(np.mean(list(done.validation.values()))), done.number)
            if trial.should_prune():
                raise _GivenUpError

    score: float | None = None
    try:
        fitted = fit(hidden.known, parameters, held_out=stop_by, device=device, on_round=watch)
    except _OutOfTimeError:
        study.tell(trial, state=TrialState.FAIL)
        return None
    except (_GivenUpError, TrainingDivergedError):
        study.tell(trial, state=TrialState.PRUNED)
    else:
        questions, figures = _measured(hidden, fitted, seed)
        score = float(np.mean([np.mean(figures_E) for figures_E in figures.values()]))
        trial.set_user_attr("questions", questions)
        trial.set_user_attr("figures", {label: np.round(figures_E, 5).tolist() for label, figures_E in figures.items()})
        kept = chosen if space.has_only_values else final(chosen, fitted.best_round, fitted.cubic_norm)
        trial.set_user_attr("settings", kept)
        study.tell(trial, score)
    best = [each.value or 0.0 for each in _finished(study)]
    return Trial(trial.number, chosen, score, max(best, default=None))


def _measured(hidden: Hidden, fitted: Fit, seed: int) -> tuple[list[dict[str, Any]], dict[str, npt.NDArray[np.float64]]]:
    """What a model reaches: at each question; and for each hyperedge asked for, by type (E).

    The latter is the mean reciprocal rank over its slots; of a value, 1 − the squared error in units of their variance.
    """
    found: list[dict[str, Any]] = []
    figures = {}
    for label, asked in hidden.asked.items():
        if label not in fitted.types:
            continue
        if np.ptp(hidden.known.hyperedges[label].values_E) > 0:
            predicted_E = fitted.predict(label, asked)
            error = root_mean_squared_error(predicted_E, asked.values_E)
            found.append({"type": label, "slot": None, "modality": None, "rmse": error})
            figures[label] = 1 - np.square(predicted_E - asked.values_E, dtype=np.float64) / (float(asked.values_E.var()) or 1.0)
            continue
        reciprocal = []
        for position, modality in enumerate(asked.modalities):
            ranks_E = dense_ranks(slot_of(hidden, label, position, seed), partial(fitted.slot_scores, label, position=position))
            reciprocal.append(1 / ranks_E)
            rank = Ranking.of_ranks(ranks_E).mean_reciprocal_rank
            found.append({"type": label, "slot": position, "modality": modality, "mrr": rank})
        figures[label] = np.mean(reciprocal, axis=0)
    return found, figures


def _beside_baselines(hidden: Hidden, questions: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """The questions with the best that counting reaches."""
    found = []
    for question in questions:
        label, position = question["type"], question["slot"]
        if position is None:
            asked = hidden.asked[label].values_E
            errors = {name: root_mean_squared_error(values_E, asked) for name, values_E in value_baselines(hidden, label).items()}
            name = min(errors, key=lambda each: errors[each])
            found.append({**question, "baseline": name, "baselineRmse": errors[name]})
            continue
        reached = baseline_rankings(slot_of(hidden, label, position, seed))
        name = max(reached, key=lambda each: reached[each].mean_reciprocal_rank)
        found.append({**question, "baseline": name, "baselineMrr": reached[name].mean_reciprocal_rank})
    return found
