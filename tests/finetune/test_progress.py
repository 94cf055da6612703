"""Long work tells how far it is, and how long it will take once that is known."""

from __future__ import annotations

import time

from finetune.progress import Progress, minutes


def test_the_time_that_is_left_is_told_once_it_can_be_known() -> None:
    said: list[str] = []
    progress = Progress(said.append, "Training", every=0.0, started=time.monotonic() - 60)
    progress(0.0, ", loss 4.1")
    progress(0.25, ", loss 3.9")
    progress(1.0)
    assert said == [
        "Training:   0%, loss 4.1",
        "Training:  25%, 3:00 min left, loss 3.9",
        "Training: 100%, 0:00 min left",
    ]


def test_it_speaks_now_and_then_and_at_the_end() -> None:
    said: list[str] = []
    progress = Progress(said.append, "Reading", every=3600.0)
    progress(0.5)
    assert said == []
    progress(1.0)
    assert len(said) == 1


def test_minutes() -> None:
    assert [minutes(seconds) for seconds in (0, 59.9, 187)] == ["0:00 min", "0:59 min", "3:07 min"]
