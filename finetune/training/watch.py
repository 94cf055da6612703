"""What happens beside the steps of a run: progress is told, validations and checkpoints are decided."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetune.training import checkpoints
from finetune.training.clock import Clock, Moment, OnStep
from finetune.training.recipe import Recipe

SAVE_SECONDS = 60.0
SAVE_SHARE = 0.05  # of the time goes into checkpoints, at most
VALIDATIONS = 8  # in a whole run
LOOK_SHARE = 0.1  # of the minutes of a run go into validations, about; the next one is left out above that


@dataclass(slots=True)
class Watch:
    """`tokens` are those of a mean step; `best` is where the weights of the best validation are kept."""

    clock: Clock
    recipe: Recipe
    tokens: float
    best: Path
    validates: bool
    on_step: OnStep | None = None
    devices: int = 1
    stopped_early: bool = False
    validated: int = 0  # how many of the VALIDATIONS are over
    saved: float = field(default_factory=time.monotonic)
    save_took: float = 0.0
    asked: float = 0.0
    looked: float = 0.0  # seconds of validations in this process

    def begin(self, step: int) -> None:
        """The run goes on after this step; 0 for a new one."""
        self.validated = int(self.clock.progress(step) * VALIDATIONS)
        self.saved = time.monotonic()

    def after_step(self, step: int, control: Any) -> None:
        """Validate and save at eighths of the run, save in between when a minute has passed."""
        share = self.clock.progress(step)
        if share >= 1.0:
            control.should_training_stop = True
            return
        due = int(share * VALIDATIONS) > self.validated and not self._looked_enough()
        self.validated = int(share * VALIDATIONS)
        control.should_evaluate = due and self.validates
        control.should_save = due or (self.devices == 1 and self._save_is_due())
        self.asked = time.monotonic()

    def after_save(self) -> None:
        """A checkpoint of all weights takes many seconds: it is written the less often."""
        self.saved = time.monotonic()
        self.save_took = self.saved - self.asked

    def after_validation(self, model: Any, losses: list[float], control: Any) -> None:
        """Keep the best weights (of `model`, if any), and end the run when they were so `patience` times."""
        if self.recipe.patience and losses:
            since = len(losses) - 1 - losses.index(min(losses))
            if since == 0 and model is not None:
                checkpoints.save_weights(model, self.best)
            if since >= self.recipe.patience:
                self.stopped_early = control.should_training_stop = True
        self.looked += time.monotonic() - self.asked
        self.asked = time.monotonic()

    def tell(self, step: int, loss: float, validation: float | None) -> None:
        """Say how the run stands."""
        if self.on_step:
            done = self.tokens * (step - self.clock.first)
            speed = done / max(1e-6, self.clock.elapsed - self.clock.before)
            self.on_step(Moment(self.clock.progress(step), self.clock.left(step), speed, loss, validation))

    def _looked_enough(self) -> bool:
        """Only where minutes count: which step is validated must not depend on the time otherwise."""
        return bool(self.clock.seconds) and self.looked > LOOK_SHARE * self.clock.elapsed

    def _save_is_due(self) -> bool:
        return time.monotonic() - self.saved >= max(SAVE_SECONDS, self.save_took / SAVE_SHARE)


def callback(watch: Watch) -> Any:
    """The watch as the trainer calls it."""
    from transformers import TrainerCallback

    class Watching(TrainerCallback):
        def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if watch.recipe.method == "adalora":
                kwargs["model"].base_model.update_and_allocate(state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            watch.after_step(state.global_step, control)

        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            watch.after_save()

        def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step:
                keep = kwargs["model"] if state.is_world_process_zero else None
                watch.after_validation(keep, validations(state.log_history), control)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            if logs and "loss" in logs and state.is_world_process_zero:
                last = validations(state.log_history)
                watch.tell(state.global_step, float(logs["loss"]), last[-1] if last else None)

    return Watching()


def validations(history: list[dict[str, Any]]) -> list[float]:
    """The validation losses in a trainer's log, in order."""
    return [float(entry["eval_loss"]) for entry in history if "eval_loss" in entry]
