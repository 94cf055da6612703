"""What a first token tells: read off a model, turned into evidence, kept beside the model."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.models.abstention import (
    FILE,
    LEAST,
    AbstentionPrior,
    FirstTokens,
    log_abstention,
    read_abstention_prior,
)
from chatbot.models.folders import ModelFolder


def test_silence_is_what_begins_like_the_sentence_for_it() -> None:
    assert log_abstention(FirstTokens({"I": 0.3, " I": 0.1, "You": 0.6}), "en") == pytest.approx(
        math.log(0.4)
    )
    assert log_abstention(FirstTokens({"我": 0.25, "您": 0.7}), "zh") == pytest.approx(math.log(0.25))
    assert log_abstention(FirstTokens({"我": 0.25, "您": 0.7}), "en") == math.log(LEAST)


def test_blanks_begin_nothing() -> None:
    assert log_abstention(FirstTokens({" ": 0.5, "\n": 0.4}), "en") == math.log(LEAST)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_silence_never_speaks_for_an_answer(one: float, two: float) -> None:
    prior = AbstentionPrior(weight=0.7, bias=-0.3)
    low, high = sorted((one, two))
    assert prior.evidence(FirstTokens({"I": high}), "en") <= prior.evidence(FirstTokens({"I": low}), "en")


@pytest.mark.parametrize("text", ["", "[]", '{"weight": 1}', '{"weight": "much", "bias": 0}'])
def test_what_was_not_measured_is_none(tmp_path: Path, text: str) -> None:
    model = ModelFolder(tmp_path, "mine", "1")
    assert read_abstention_prior(model) is None
    (tmp_path / FILE).write_text(text)
    assert read_abstention_prior(model) is None


def test_what_was_measured_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"weight": 0.5, "bias": -1}))
    assert read_abstention_prior(ModelFolder(tmp_path, "mine", "1")) == AbstentionPrior(0.5, -1.0)
