"""Speak of long work now and then: the share that is done, and the time that is left."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Say = Callable[[str], None]


@dataclass(slots=True)
class Progress:
    """Speaks at most every few seconds, and at the end."""

    say: Say
    what: str
    every: float = 10.0
    started: float = field(default_factory=time.monotonic)
    spoken: float = field(default_factory=time.monotonic)

    def __call__(self, share: float, note: str = "") -> None:
        now = time.monotonic()
        if now - self.spoken < self.every and share < 1:
            return
        self.spoken = now
        left = (now - self.started) * (1 - share) / max(share, 1e-6)
        self.say(f"{self.what}: {share:4.0%}, {minutes_of(left)} left{note}")


def minutes_of(seconds: float) -> str:
    """As "3:05 min"."""
    return f"{int(seconds // 60)}:{int(seconds % 60):02d} min"
