"""Search for a recipe: short runs with other numbers, judged on the validation loss, bad ones cut off."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from finetune.dataset.example import Example
from finetune.errors import TrainingError
from finetune.training.clock import Moment, OnStep
from finetune.training.recipe import Recipe
from finetune.training.train import checkpoint_folder, train

STUDY = "trials.db"
SHARE = 0.25  # of the epochs or minutes of the run itself, for each trial
WARM = 3  # trials that are run to their end before any is cut off
AS_IT_STANDS = {"rate": 1.0, "rank": 1.0, "scale": 1.0, "epochs": 1.0}  # times the numbers of the recipe


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial: `loss` is the validation loss at its end, or where it was cut off."""

    number: int
    cut_off: bool
    loss: float
    recipe: dict[str, float]

    def __str__(self) -> str:
        numbers = ", ".join(f"{name} {value:.3g}" for name, value in self.recipe.items())
        return f"validation {self.loss:.4f} {'cut off' if self.cut_off else '       '} {numbers}"


def search(
    base: Path,
    examples: Sequence[Example],
    validation: Sequence[Example],
    work: Path,
    recipe: Recipe,
    trials: int,
    say: Callable[[str], None],
) -> tuple[Recipe, list[Tried]]:
    """The recipe with the best numbers of so many trials, and all trials, the best first.

    They are kept in <work>/trials.db: a search that was killed goes on with those that are missing.
    Raises TrainingError when there is no validation set to judge by.
    """
    from optuna.trial import TrialState

    if not validation:
        raise TrainingError("--trials judges by the validation set, which is empty: give more logs.")
    study = _study(work, recipe.seed)

    def run(trial: Any) -> float:
        short = shortened(varied(recipe, suggest(trial, recipe)))
        trained = train(base, examples, validation, work / "trial", short, _judge(trial))
        return trained.validation[1]

    def ended() -> list[Any]:
        return study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))

    if not ended():
        study.enqueue_trial(AS_IT_STANDS)  # to be beaten
    while len(ended()) < trials:
        study.optimize(run, n_trials=1)
        say(f"Trial {len(ended())} of {trials}: {_tried(ended()[-1], recipe)}")
    for folder in (work / "trial", checkpoint_folder(work / "trial")):
        shutil.rmtree(folder, ignore_errors=True)
    found = sorted((_tried(trial, recipe) for trial in ended()), key=lambda one: (one.cut_off, one.loss))
    return varied(recipe, study.best_trial.params), found


def suggest(trial: Any, recipe: Recipe) -> dict[str, float]:
    """Factors for the numbers that mean something to the method and to how the run is bound."""
    factors = {"rate": trial.suggest_float("rate", 0.2, 5.0, log=True)}
    if recipe.method not in ("prefix", "full"):
        factors["rank"] = trial.suggest_categorical("rank", [0.25, 0.5, 1.0, 2.0, 4.0])
        factors["scale"] = trial.suggest_categorical("scale", [0.5, 1.0, 2.0])
    if not recipe.minutes:
        factors["epochs"] = trial.suggest_categorical("epochs", [0.5, 1.0, 2.0])
    return factors


def varied(recipe: Recipe, factors: dict[str, float]) -> Recipe:
    """The recipe with its numbers times the factors; alpha goes with the rank that divides it."""
    rank = max(1, round(recipe.rank * factors.get("rank", 1.0)))
    with_rank = 1.0 if recipe.method == "rslora" else rank / recipe.rank
    return replace(
        recipe,
        learning_rate=recipe.learning_rate * factors.get("rate", 1.0),
        rank=rank,
        alpha=max(1, round(recipe.alpha * with_rank * factors.get("scale", 1.0))),
        epochs=recipe.epochs * factors.get("epochs", 1.0),
    )


def shortened(recipe: Recipe) -> Recipe:
    """The small budget of a trial."""
    minutes = recipe.minutes * SHARE if recipe.minutes else None
    return replace(recipe, epochs=recipe.epochs * (1.0 if minutes else SHARE), minutes=minutes, patience=0)


def _study(work: Path, seed: int) -> Any:
    import optuna

    optuna.logging.set_verbosity(logging.ERROR)
    work.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        study_name="trials",
        storage=f"sqlite:///{work / STUDY}",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=WARM),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=WARM, n_warmup_steps=1),
    )


def _judge(trial: Any) -> OnStep:
    """Tells the study each validation, and ends the trial when half of the others were better by then."""
    import optuna

    told = 0
    last: float | None = None

    def judge(now: Moment) -> None:
        nonlocal told, last
        if now.validation is None or now.validation == last:
            return
        told, last = told + 1, now.validation
        trial.report(now.validation, told)
        if trial.should_prune():
            raise optuna.TrialPruned

    return judge


def _tried(trial: Any, recipe: Recipe) -> Tried:
    from optuna.trial import TrialState

    made = varied(recipe, trial.params)
    names = ("learning_rate", "rank", "alpha", "epochs")
    cut_off = trial.state == TrialState.PRUNED
    last = trial.intermediate_values[max(trial.intermediate_values)] if cut_off else trial.value
    return Tried(trial.number + 1, cut_off, float(last), {name: getattr(made, name) for name in names})
