"""After tuning the best passage of either language is as alike as before, and the order is the tuned one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retrieval.embed.likeness import shifted_to_untuned

LIKENESS = st.floats(-3, 3, width=32)


def passages(n: int) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Likeness after and before tuning of n passages, and which of them are in the question's language."""
    likeness = arrays("f4", n, elements=LIKENESS)
    return st.tuples(likeness, likeness, arrays("?", n))


@given(st.integers(1, 12).flatmap(passages))
def test_best_ones_keep_their_likeness_and_the_order_is_the_tuned_one(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    tuned, untuned, home = drawn
    as_it_was = tuned.copy()
    moved = shifted_to_untuned(tuned, untuned, home)
    assert np.array_equal(tuned, as_it_was)
    for kind in (home, ~home):
        if kind.any():
            assert moved[kind].max() == pytest.approx(untuned[kind].max(), abs=1e-5)
            assert np.diff(moved[kind]) == pytest.approx(np.diff(tuned[kind]), abs=1e-5)
