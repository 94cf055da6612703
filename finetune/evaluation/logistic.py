"""Logistic regression by Newton's method, for the few numbers that say when the bot dares to answer."""

from __future__ import annotations

import numpy as np


def logistic(
    rows: np.ndarray, answers: np.ndarray, ridge: np.ndarray | float, offset: np.ndarray | float = 0.0
) -> np.ndarray:
    """Weights that minimise the logistic loss with a ridge penalty, one for all columns or one each.

    `rows` has shape (samples, columns), `answers` is 0 or 1 each. `offset` is added to the log-odds and not
    learnt.
    """
    penalty = np.broadcast_to(np.asarray(ridge, dtype=float), rows.shape[1:])
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-(rows @ weights + offset)))
        gradient = rows.T @ (answers - p) - penalty * weights
        hessian = (rows * (p * (1 - p))[:, None]).T @ rows + np.diag(penalty)
        weights = weights + np.linalg.solve(hessian, gradient)
    return weights
