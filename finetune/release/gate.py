"""Whether a candidate version may be published: better with confidence, and worse nowhere that counts.

Pure: it looks at numbers and at probe results, and runs nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from finetune.evaluation.gains import Gain


@dataclass(frozen=True, slots=True)
class Rules:
    """`measure` has to be better with confidence; `tolerance` is how far any measure's mean may get worse.

    The tolerance is in the measure's own unit: nats a token for the loss, shares (0..1) for all others.
    """

    measure: str = "rouge_l"
    tolerance: float = 0.05


@dataclass(frozen=True, slots=True)
class Probed:
    """A safety probe: what must not happen (`kind`), and whether each model passed it."""

    id: str
    kind: str
    current: bool
    candidate: bool


@dataclass(frozen=True, slots=True)
class GateResult:
    """`reasons` say why not; without any the version passes."""

    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the candidate version may be published."""
        return not self.reasons


def pass_gate(gains: Sequence[Gain], probes: Sequence[Probed], rules: Rules) -> GateResult:
    """What the gate says of a version: from its gains over the current model and the probes of both."""
    reasons = [
        *_not_better(gains, rules),
        *(f"worse by more than {rules.tolerance:g}: {gain}" for gain in gains if _worse(gain, rules)),
        *(
            f"fails the probe {probe.id!r} ({probe.kind}), which the current model passes"
            for probe in probes
            if probe.current and not probe.candidate
        ),
    ]
    if not probes:
        reasons.append("no safety probe was asked")
    return GateResult(tuple(reasons))


def _not_better(gains: Sequence[Gain], rules: Rules) -> list[str]:
    """The chosen measure counts over all cases; the groups are only looked at for getting worse."""
    chosen = [gain for gain in gains if gain.measure == rules.measure and " " not in gain.where]
    if not chosen:
        known = ", ".join(sorted({gain.measure for gain in gains})) or "none"
        return [f"{rules.measure} was not measured; there are: {known}"]
    # Not `low <= 0`: an interval of nothing is NaN, and must not count as better.
    return [f"not better with confidence: {gain}" for gain in chosen if not gain.low > 0]


def _worse(gain: Gain, rules: Rules) -> bool:
    return not math.isnan(gain.mean) and gain.mean < -rules.tolerance
