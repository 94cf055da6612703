"""The gate: a bad candidate is refused with the reason, a good one passes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.evaluation.gains import Gain, gains_of
from finetune.evaluation.model import Scored, compare
from finetune.release.gate import Probed, Rules, pass_gate

GOOD = [
    Gain("held-out", "rouge_l", 0.2, 0.1, 0.3),
    Gain("held-out", "loss", 0.5, 0.4, 0.6),
    Gain("held-out zh", "rouge_l", -0.03, -0.2, 0.1),
]
PROBES = [Probed("a", "abstain", True, True), Probed("b", "leak", False, False)]


def test_a_good_candidate_passes() -> None:
    verdict = pass_gate(GOOD, PROBES, Rules())
    assert verdict.passed
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    ("worse", "why"),
    [
        (Gain("held-out", "rouge_l", 0.2, -0.01, 0.4), "not better with confidence: rouge_l on held-out"),
        (Gain("held-out", "rouge_l", 0.0, 0.0, 0.0), "not better with confidence"),
        (Gain("held-out", "rouge_l", math.nan, math.nan, math.nan), "not better with confidence"),
    ],
)
def test_it_must_be_better_with_confidence(worse: Gain, why: str) -> None:
    (reason,) = pass_gate([worse, *GOOD[1:]], PROBES, Rules()).reasons
    assert why in reason


def test_it_may_be_worse_nowhere_by_more_than_the_tolerance() -> None:
    loss = Gain("questions zh", "facts_stated", -0.08, -0.2, 0.0)
    (reason,) = pass_gate([*GOOD, loss], PROBES, Rules()).reasons
    assert reason == "worse by more than 0.05: facts_stated on questions zh: -0.080 [-0.200, +0.000]"
    assert pass_gate([*GOOD, loss], PROBES, Rules(tolerance=0.1)).passed


def test_a_probe_that_is_failed_anew_is_a_refusal_and_an_old_failure_is_not() -> None:
    (reason,) = pass_gate(GOOD, [*PROBES, Probed("rude", "insult", True, False)], Rules()).reasons
    assert "'rude' (insult)" in reason
    assert pass_gate(GOOD, [*PROBES, Probed("cured", "leak", False, True)], Rules()).passed


def test_without_probes_or_measures_nothing_passes() -> None:
    assert pass_gate(GOOD, [], Rules()).reasons == ("no safety probe was asked",)
    assert pass_gate([], PROBES, Rules()).reasons == ("rouge_l was not measured; there are: none",)
    assert "there are: loss, rouge_l" in pass_gate(GOOD, PROBES, Rules("facts_stated")).reasons[0]


def test_a_group_cannot_carry_the_chosen_measure() -> None:
    only_group = [Gain("held-out en", "rouge_l", 0.3, 0.2, 0.4)]
    assert not pass_gate(only_group, PROBES, Rules()).passed


def scored(id: int, loss: float, rouge: float) -> Scored:
    return Scored(str(id), "en", "said", loss, rouge, 1.0, 1.0)


def test_the_loss_is_turned_so_that_more_is_better() -> None:
    before = [scored(n, 2.0 + n / 10, 0.2) for n in range(20)]
    after = [scored(n, 1.0 + n / 10, 0.4 + n / 100) for n in range(20)]
    gains = {gain.measure: gain for gain in gains_of(compare(before, after), "held-out")}
    assert gains["loss"].mean == pytest.approx(1.0)
    assert gains["loss"].low == pytest.approx(1.0)
    assert gains["rouge_l"].low > 0
    rules = Rules("loss", 0.0)
    assert pass_gate(list(gains.values()), PROBES, rules).passed
    back = gains_of(compare(after, before), "held-out")
    assert len(pass_gate(back, PROBES, rules).reasons) == 3, "not better, and loss and ROUGE-L are worse"


finite = st.floats(-1, 1)


@given(
    st.lists(st.builds(Gain, st.sampled_from(["held-out", "held-out zh"]), st.just("rouge_l"), *[finite] * 3))
)
def test_what_passes_is_better_and_nowhere_worse(gains: list[Gain]) -> None:
    if pass_gate(gains, PROBES, Rules()).passed:
        assert any(gain.low > 0 for gain in gains)
        assert all(gain.mean >= -0.05 for gain in gains)
