"""The logistic regression gives what scikit-learn gives, and leaves the offset alone."""

from __future__ import annotations

import numpy as np
import pytest

from finetune.evaluation.logistic import logistic


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    rows = np.column_stack([np.ones(200), rng.normal(size=(200, 2))])
    chance = 1 / (1 + np.exp(-rows @ [-0.5, 1.5, -1.0]))
    return rows, (rng.random(200) < chance).astype(float)


@pytest.mark.parametrize("ridge", [0.1, 5.0])
def test_as_scikit_learn_has_it(data: tuple[np.ndarray, np.ndarray], ridge: float) -> None:
    from sklearn.linear_model import LogisticRegression

    rows, answers = data
    other = LogisticRegression(C=1 / ridge, fit_intercept=False, tol=1e-10, max_iter=1000).fit(rows, answers)
    assert logistic(rows, answers, ridge) == pytest.approx(other.coef_[0], abs=1e-5)


def test_a_column_of_its_own_penalty(data: tuple[np.ndarray, np.ndarray]) -> None:
    rows, answers = data
    free, held = logistic(rows, answers, 1e-6), logistic(rows, answers, np.array([1e-6, 1e4, 1e-6]))
    assert abs(held[1]) < 0.05 < abs(free[1])
    assert abs(held[2]) > 0.5


def test_an_offset_is_taken_off_the_bias(data: tuple[np.ndarray, np.ndarray]) -> None:
    rows, answers = data
    plain, shifted = logistic(rows, answers, 1e-6), logistic(rows, answers, 1e-6, offset=2.0)
    assert shifted == pytest.approx(plain - np.array([2.0, 0, 0]), abs=1e-5)
