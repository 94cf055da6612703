"""How well a search ranks the right articles of labelled questions, and how two searches compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from finetune.evaluation.measures import bootstrap
from finetune.evaluation.rankings import DEPTH, measures
from finetune.search.labelled import Labelled
from retrieval.index import Index
from retrieval.languages.text import language_of

POOL = 4 * DEPTH  # passages, of which the best ten articles are taken
MEASURES = ("recall", "ndcg")
POINT = 0.01
FEW = 30  # questions, among which a single one moves a measure by more than a point or two


@dataclass(frozen=True, slots=True)
class RankingScore:
    """Recall@10 and nDCG@10 of one question, each 0..1."""

    language: str
    recall: float
    ndcg: float


def rank(
    index: Index, labelled: Sequence[Labelled], on_step: Callable[[float], None] | None = None
) -> list[RankingScore]:
    """Search for every question that has a right article."""
    found = []
    for number, one in enumerate(labelled, 1):
        hits = index.search(one.question, POOL)
        names = list(dict.fromkeys(hit.passage.article for hit in hits))[:DEPTH]
        found.append(score(names, one))
        if on_step:
            on_step(number / len(labelled))
    return found


def score(names: Sequence[str], one: Labelled) -> RankingScore:
    """The measures of one list of article names, best first."""
    found = measures(names, dict.fromkeys(one.articles, 1.0))
    return RankingScore(language_of(one.question), found["recall@10"], found["ndcg@10"])


def compare_rankings(before: Sequence[RankingScore], after: Sequence[RankingScore]) -> dict[str, Any]:
    """Means with 95 % intervals of both searches and of the paired difference, for all and by language."""
    groups = {"all": list(range(len(before)))}
    for language in sorted({ranked.language for ranked in before}):
        groups[language] = [i for i, ranked in enumerate(before) if ranked.language == language]
    return {
        name: {measure: _compared(before, after, rows, measure) for measure in MEASURES}
        for name, rows in groups.items()
    }


def objections(table: dict[str, Any]) -> list[str]:
    """Why the second search may not take the place of the first; nothing when it may.

    One measure has to be better with confidence, and none worse by more than a point, in no language; in a
    language of FEW questions it has to be worse with confidence, or one question would decide.
    """
    gains = {measure: row["difference"] for measure, row in table["all"].items()}
    found = []
    if not any(gain["low"] > 0 for gain in gains.values()):
        told = ", ".join(
            f"{measure}@10 {gain['mean']:+.3f} [{gain['low']:+.3f}, {gain['high']:+.3f}]"
            for measure, gain in gains.items()
        )
        found.append(f"not better with confidence ({told})")
    for name, rows in table.items():
        for measure, row in rows.items():
            change = row["difference"]
            sure = row["questions"] >= FEW or change["high"] < 0
            if change["mean"] < -POINT and sure:
                found.append(f"{measure} of {name} gets worse by {-change['mean']:.3f}")
    return found


def tell(table: dict[str, Any]) -> list[str]:
    """The comparison as lines."""
    lines = []
    for name, rows in table.items():
        for measure, row in rows.items():
            cells = [
                f"{row[k]['mean']:.3f} [{row[k]['low']:.3f}, {row[k]['high']:.3f}]"
                for k in ("before", "after")
            ]
            lines.append(f"  {name:4} {measure + '@10':10} before {cells[0]}   tuned {cells[1]}")
    return lines


def _compared(
    before: Sequence[RankingScore], after: Sequence[RankingScore], rows: Sequence[int], measure: str
) -> dict[str, Any]:
    one = [float(getattr(before[i], measure)) for i in rows]
    two = [float(getattr(after[i], measure)) for i in rows]
    return {
        "questions": len(rows),
        "before": asdict(bootstrap(one)),
        "after": asdict(bootstrap(two)),
        "difference": asdict(bootstrap([b - a for a, b in zip(one, two, strict=True)])),
    }
