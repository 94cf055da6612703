"""How to take a model's first token is fitted on held-out examples, and left out where it tells nothing."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest

from chatbot.models.abstention import FILE, AbstentionPrior, FirstTokens, read_abstention_prior
from chatbot.models.folders import ModelFolder
from finetune.dataset.example import Example
from finetune.evaluation.abstention import FEWEST, fit, write_abstention_prior
from retrieval.articles.passage import Passage

PASSAGE = Passage("a#1", "a", "A", "", "Text.", "", "en")


def evidence(prior: AbstentionPrior, abstaining: float) -> float:
    return prior.evidence(FirstTokens({"I": abstaining}), "en")


def test_a_model_that_knows_gets_a_say() -> None:
    prior = fit([-4.0, -3.5, -5.0, -3.0, -0.4] * 4, [-0.2, -0.1, -0.5, -3.2, -0.3] * 4)
    assert prior
    assert prior.weight > 0
    sure, unsure = evidence(prior, 0.01), evidence(prior, 0.9)
    assert sure > 1
    assert unsure < -1


def test_the_share_of_the_examples_is_not_learnt() -> None:
    answered, unanswered = [-4.0, -3.0, -1.0] * 10, [-0.2, -0.6, -2.5] * 10
    one, two = fit(answered, unanswered), fit(answered, unanswered * 3)
    assert one
    assert two
    assert two.bias == pytest.approx(one.bias, abs=0.3)


def test_a_model_that_knows_nothing_gets_hardly_any() -> None:
    rng = random.Random(0)
    prior = fit([rng.uniform(-5, 0) for _ in range(200)], [rng.uniform(-5, 0) for _ in range(200)])
    assert prior is None or abs(evidence(prior, 1.0) - evidence(prior, 0.01)) < 0.6


def test_a_model_that_is_wrong_gets_none() -> None:
    assert fit([-0.1] * 20, [-5.0] * 20) is None


def test_too_few_examples_tell_nothing() -> None:
    assert fit([-5.0] * 40, [-0.1] * (FEWEST - 1)) is None
    assert fit([], []) is None


def test_all_alike_tells_nothing() -> None:
    prior = fit([-2.0] * 20, [-2.0] * 20)
    assert prior is None or evidence(prior, math.exp(-2.0)) == pytest.approx(0.0, abs=0.05)


def example(n: int, gold: int) -> Example:
    return Example(f"e{n}", "en", "What?", "That." if gold else "", (PASSAGE,), gold)


def test_it_is_kept_beside_the_model(tmp_path: Path) -> None:
    examples = [example(n, n % 2) for n in range(20)]
    silences = [-4.0 - n / 50 if n % 2 else -0.2 - n / 50 for n in range(20)]
    prior = write_abstention_prior(tmp_path, examples, silences)
    assert prior
    assert json.loads((tmp_path / FILE).read_text()) == {"weight": prior.weight, "bias": prior.bias}
    assert read_abstention_prior(ModelFolder(tmp_path, "mine", "1")) == AbstentionPrior(
        prior.weight, prior.bias
    )


def test_prompts_that_were_too_long_do_not_count(tmp_path: Path) -> None:
    examples = [example(n, n % 2) for n in range(20)]
    assert write_abstention_prior(tmp_path, examples, [None] * 20) is None
    assert not (tmp_path / FILE).exists()
