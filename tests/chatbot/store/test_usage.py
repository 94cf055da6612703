"""How sure a share of few cases is."""

from __future__ import annotations

import math

from chatbot.store.usage import share


def test_a_share_has_an_interval_that_stays_between_0_and_1() -> None:
    mean, low, high = share(9, 10)
    assert (mean, round(low, 3), round(high, 3)) == (0.9, 0.596, 0.982)
    assert share(0, 5)[1] == 0.0
    assert share(5, 5)[2] == 1.0
    assert all(map(math.isnan, share(0, 0)))
