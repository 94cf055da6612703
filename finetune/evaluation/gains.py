"""What a candidate gains over the current model, measure by measure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SMALLER_IS_BETTER = frozenset({"loss"})


@dataclass(frozen=True, slots=True)
class Gain:
    """Candidate minus current on the same cases, turned so that more is better: mean and 95 % interval.

    `where` is what was measured on: "held-out", "held-out zh", "questions en".
    """

    where: str
    measure: str
    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.measure} on {self.where}: {self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def gains_of(table: Mapping[str, Mapping[str, Any]], where: str) -> list[Gain]:
    """The gains in a comparison as `compare` makes it: by measure, with the interval of the difference."""
    gains = []
    for measure, row in table.items():
        mean, low, high = (float(row["difference"][key]) for key in ("mean", "low", "high"))
        if measure in SMALLER_IS_BETTER:
            mean, low, high = -mean, -high, -low
        gains.append(Gain(where, measure, mean, low, high))
    return gains
