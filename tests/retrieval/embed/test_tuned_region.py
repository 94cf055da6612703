"""What resembles the questions that were learnt is familiar, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval.embed.tuned_region import CENTRES, TunedRegion


def around(centre: np.ndarray, count: int, seed: int, away: float = 0.012) -> np.ndarray:
    """Questions of one topic: cosines of about .95 with its centre."""
    drawn = centre + away * np.random.default_rng(seed).standard_normal((count, len(centre)))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def topic(seed: int) -> np.ndarray:
    """A direction that has, as all of E5's have, much in common with every other."""
    one = 2 + np.random.default_rng(seed).standard_normal(384)
    return np.asarray(one / np.linalg.norm(one))


@pytest.fixture(scope="module")
def familiar() -> TunedRegion:
    learnt = np.concatenate([around(topic(seed), 60, seed) for seed in range(3)])
    return TunedRegion.of(learnt, np.concatenate([around(topic(seed), 15, 10 + seed) for seed in range(3)]))


def test_new_questions_of_learnt_topics_are_familiar(familiar: TunedRegion) -> None:
    shares = familiar.share(np.concatenate([around(topic(seed), 50, 20 + seed) for seed in range(3)]))
    assert (shares == 1).mean() > 0.9


def test_other_topics_are_not(familiar: TunedRegion) -> None:
    assert not familiar.share(np.concatenate([around(topic(seed), 50, seed) for seed in (7, 8, 9)])).any()
    assert not familiar.share(np.zeros((2, 384), dtype=np.float32)).any()


def test_what_lies_between_is_familiar_in_part(familiar: TunedRegion) -> None:
    one, other = topic(0), topic(7)
    between = np.stack([(1 - at) * one + at * other for at in np.linspace(0, 1, 201)]).astype(np.float32)
    shares = familiar.share(between / np.linalg.norm(between, axis=1, keepdims=True))
    assert shares[0] == 1
    assert shares[-1] == 0
    assert (np.diff(shares) <= 1e-6).all()
    assert ((shares > 0) & (shares < 1)).any()


def test_equal_questions_leave_room_for_paraphrases() -> None:
    same = np.repeat(topic(0)[None].astype(np.float32), 40, 0)
    assert TunedRegion.of(same, same).share(around(topic(0), 50, 1, 0.007)).mean() > 0.5


def test_it_comes_back_as_it_was(familiar: TunedRegion, tmp_path: Path) -> None:
    familiar.save(tmp_path / "familiar.npz")
    questions = around(topic(0), 20, 5, 0.02)
    assert np.array_equal(
        TunedRegion.load(tmp_path / "familiar.npz").share(questions), familiar.share(questions)
    )


def test_few_questions_have_few_centres_and_many_have_not_too_many() -> None:
    for count, centres in ((5, 1), (20, 2), (2000, CENTRES)):
        learnt = around(topic(0), count, 0)
        assert len(TunedRegion.of(learnt, learnt[:10])._centres) == centres
