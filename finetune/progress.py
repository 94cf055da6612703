"""Speak of long work now and then: the share done and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Say = Callable[[str], None]
TELLS = 0.01  # share done; what less has taken tells nothing of the rest


@dataclass(slots=True)
class Progress:
    """Says a line at most every `every` seconds, and one at the end."""

    say: Say
    what: str
    every: float = 10.0
    started: float = field(default_factory=time.monotonic)
    spoken: float = field(default_factory=time.monotonic)

    def __call__(self, share: float, note: str = "") -> None:
        """Tell of the share done, 0..1."""
        now = time.monotonic()
        if now - self.spoken < self.every and share < 1:
            return
        self.spoken = now
        left = f", {minutes((now - self.started) * (1 - share) / share)} left" if share >= TELLS else ""
        self.say(f"{self.what}: {share:4.0%}{left}{note}")


def minutes(seconds: float) -> str:
    """As "3:07 min"."""
    return f"{int(seconds // 60)}:{int(seconds % 60):02d} min"
