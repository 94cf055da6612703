"""How far a run is, by steps or by minutes: the learning rate, validations and checkpoints follow it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from finetune.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Moment:
    """What a run tells of itself after a step: share done (0..1), seconds left, tokens/s so far.

    `validation` is the last validation loss, `at` the monotonic clock.
    """

    share: float
    left: float
    speed: float
    loss: float
    validation: float | None = None
    at: float = field(default_factory=time.monotonic)


OnStep = Callable[[Moment], None]


class Clock:
    """Steps and seconds of one run, whichever is further; `before` are the seconds of killed processes."""

    def __init__(self, recipe: Recipe, rows: int, devices: int = 1) -> None:
        batches = math.ceil(rows / (recipe.batch * devices))
        self.total = max(1, math.ceil(recipe.epochs * math.ceil(batches / recipe.accumulate)))
        self.seconds = recipe.minutes * 60 if recipe.minutes else None
        self.before = 0.0
        self.started = time.monotonic()
        self.first = 0  # the step that this process began with

    def start(self, before: float = 0.0, step: int = 0) -> None:
        """From now on time counts, in addition to what an earlier process took until `step`."""
        self.before, self.first = before, step
        self.started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds of training, earlier processes included."""
        return self.before + time.monotonic() - self.started

    def progress(self, step: int) -> float:
        """Share done, 0..1."""
        by_time = self.elapsed / self.seconds if self.seconds else 0.0
        return min(1.0, max(step / self.total, by_time))

    def left(self, step: int) -> float:
        """Seconds until the end, at the pace of this process."""
        pace = (time.monotonic() - self.started) / max(1, step - self.first)
        by_steps = pace * (self.total - step)
        return max(0.0, min(by_steps, self.seconds - self.elapsed) if self.seconds else by_steps)

    def rate(self, step: int) -> float:
        """Share of the learning rate: warm up over 3 % of the steps, then straight down to 2 % of it."""
        warm = min(1.0, (step + 1) / max(1, 0.03 * self.total))
        return warm * max(0.02, 1.0 - self.progress(step))
