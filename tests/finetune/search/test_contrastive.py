"""Where training begins: a softmax as sharp as the search is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from finetune.search.contrastive import SHARPNESSES, Target, _sharpness

PASSAGES = 200


def begun(right: float) -> float:
    """The sharpness where right passages score `right` and others, at random, mostly between 0 and .3."""
    noise = np.random.default_rng(0).normal(0.15, 0.05, (64, PASSAGES)).astype(np.float32)
    targets = [Target(str(n), np.asarray([n]), np.zeros(4)) for n in range(64)]

    def score(chosen: Sequence[Target], vectors: torch.Tensor) -> torch.Tensor:
        scores = torch.from_numpy(noise[[int(one.question) for one in chosen]])
        scores[range(len(chosen)), [int(one.question) for one in chosen]] = right
        return scores

    return _sharpness(targets, torch.zeros(64, 4), score, [torch.arange(PASSAGES)])


def test_a_search_that_is_right_begins_sharp_and_one_that_is_wrong_flat() -> None:
    sure, unsure, wrong = begun(0.6), begun(0.2), begun(0.1)
    assert sure == SHARPNESSES[-1]
    assert SHARPNESSES[0] < unsure < SHARPNESSES[-1]
    assert wrong == SHARPNESSES[0]
