"""Compare models on the same cases: means, paired differences, groups, and the answers that changed most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from finetune.evaluation.ask_cases import Reply
from finetune.evaluation.cases import Case
from finetune.evaluation.gains import Gain
from finetune.evaluation.judgement import MEASURES, Measure, quality
from finetune.evaluation.measures import bootstrap

Role = Literal["base", "current", "candidate"]
CHANGES = 20  # answers shown side by side
ENOUGH = 8  # cases for a verdict: a bootstrap of fewer is too sure of itself
FEWEST = 20  # cases that the gate takes seriously: with fewer, one answer is more than five points
GROUPS = {"language": "language", "topic": "topic", "customers": "channel"}
Judgement = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class ModelReplies:
    """What one model made of the cases, in their order."""

    role: Role
    label: str
    replies: Sequence[Reply]
    judged: Sequence[Judgement]


def compare_models(cases: Sequence[Case], models: Sequence[ModelReplies]) -> dict[str, Any]:
    """`all` and `groups` hold tables as `table` makes them; `changes` the answers that changed most."""
    groups: dict[str, dict[str, Any]] = {}
    for title, field in GROUPS.items():
        values = [str(getattr(case, field)) for case in cases]
        names = sorted({value for value in values if value})
        if len(names) > 1:
            groups[title] = {name: _part(models, [v == name for v in values]) for name in names}
    return {
        "cases": len(cases),
        "answerable": sum(case.gold is not None for case in cases),
        "all": _part(models, [True] * len(cases))["measures"],
        "groups": groups,
        "changes": _changes(cases, models),
        "rows": [_about(case) | _answers(i, models) for i, case in enumerate(cases)],
    }


def verdict(measure: Measure, low: float, high: float) -> str:
    """ "better" or "worse" when the whole interval of a difference is on one side of zero, else ""."""
    if measure.better == "neither" or not (low > 0 or high < 0):
        return ""
    return "better" if (low > 0) == (measure.better == "higher") else "worse"


def turn_gains(comparison: Mapping[str, Any], against: str) -> list[Gain]:
    """Gains of the candidate over the model with this label, for the gate; none when it is not there.

    Shares only, over all questions and in each language, where a measure has enough cases. Their names begin
    with "delivered_", as the gate also sees what the models write before any check.
    """
    role = next((r for r, label in comparison["models"].items() if label == against and r != "candidate"), "")
    languages = comparison["groups"].get("language", {})
    tables = {"turns": comparison["all"]} | {f"turns {n}": g["measures"] for n, g in languages.items()}
    gains = []
    for where, table in tables.items():
        for name, row in table.items():
            cell, measure = row["against"].get(role), MEASURES[name]
            if cell and measure.share and cell["n"] >= FEWEST:
                mean, low, high = (float(cell[key]) for key in ("mean", "low", "high"))
                if measure.better == "lower":
                    mean, low, high = -mean, -high, -low
                gains.append(Gain(where, f"delivered_{name}", mean, low, high))
    return gains


def _part(models: Sequence[ModelReplies], chosen: Sequence[bool]) -> dict[str, Any]:
    rows = {m.role: [j for j, c in zip(m.judged, chosen, strict=True) if c] for m in models}
    return {
        "cases": sum(chosen),
        "measures": {name: row for name in MEASURES if (row := _row(name, rows))},
    }


def _row(name: str, judged: Mapping[Role, Sequence[Judgement]]) -> dict[str, Any]:
    """Mean of each model, and the candidate's paired difference to each other one; empty when unmeasured."""
    values = {role: [row.get(name) for row in rows] for role, rows in judged.items()}
    known = {role: [v for v in column if v is not None] for role, column in values.items()}
    if not known["candidate"]:
        return {}
    row: dict[str, Any] = {
        role: asdict(bootstrap(column)) | {"n": len(column)} for role, column in known.items() if column
    }
    row["against"] = {}
    for role, column in values.items():
        pairs = zip(column, values["candidate"], strict=True)
        gains = [mine - other for other, mine in pairs if other is not None and mine is not None]
        if role != "candidate" and gains:
            gain = bootstrap(gains)
            sure = verdict(MEASURES[name], gain.low, gain.high) if len(gains) >= ENOUGH else ""
            told = {"n": len(gains), "verdict": sure}
            row["against"][role] = asdict(gain) | told
    return row


def _changes(cases: Sequence[Case], models: Sequence[ModelReplies]) -> list[dict[str, Any]]:
    """First those that changed against what customers have now, then those against the base."""
    by_role = {model.role: model for model in models}
    after = [quality(row) for row in by_role["candidate"].judged]
    changes: dict[int, dict[str, Any]] = {}
    for role in ("current", "base"):
        before = by_role.get(role)
        gains = [a - quality(b) for b, a in zip(before.judged, after, strict=True)] if before else []
        for i in sorted(range(len(gains)), key=lambda i: (-abs(gains[i]), cases[i].id)):
            if gains[i] and len(changes) < CHANGES:
                changes.setdefault(i, _change(cases[i], i, gains[i], role, models))
    return list(changes.values())


def _change(case: Case, i: int, gain: float, role: str, models: Sequence[ModelReplies]) -> dict[str, Any]:
    shown = ("answer", "decision", "quality", "contradiction")
    answers = {role: {name: row[name] for name in shown} for role, row in _answers(i, models).items()}
    return _about(case) | {
        "history": [asdict(message) for message in case.history],
        "source": case.gold.title if case.gold else "",
        "gain": round(gain, 4),
        "against": role,
        "answers": answers,
    }


def _about(case: Case) -> dict[str, Any]:
    names = ("id", "language", "topic", "channel", "question", "reference")
    return {name: getattr(case, name) for name in names}


def _answers(i: int, models: Sequence[ModelReplies]) -> dict[str, dict[str, Any]]:
    return {
        model.role: {
            "answer": model.replies[i].answer,
            "decision": model.replies[i].decision,
            "quality": round(quality(model.judged[i]), 4),
            **model.judged[i],
        }
        for model in models
    }
