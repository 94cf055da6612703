"""The evaluation report as one HTML page that needs nothing else, for the screen and for paper."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetune.evaluation.judgement import MEASURES, Measure
from finetune.evaluation.plots import Bar, curve, intervals

TITLES = {"base": "base", "current": "published", "candidate": "candidate"}
# Of each group; the whole list would be too wide for a page.
IN_GROUPS = (
    "loss", "rouge_l", "facts_f1", "citation_recall", "abstention", "over_refusal", "contradiction",
    "right_language",
)  # fmt: skip
Row = Mapping[str, Any]


def render(comparison: Row, run: Row) -> str:
    """The page of a comparison that `evaluate_turns` made; `run` is the report of the training, or empty."""
    from jinja2 import Environment, FileSystemLoader

    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    against = [role for role in ("current", "base") if role in comparison["models"]]
    training = run.get("training", {})
    return pages.get_template("report.html").render(
        c=comparison,
        run=run,
        roles=[role for role in ("base", "current", "candidate") if role in comparison["models"]],
        against=against,
        titles=TITLES,
        measures=MEASURES,
        in_groups=[name for name in IN_GROUPS if name in comparison["all"]],
        shown=shown,
        span=span,
        gained=gained,
        findings=[(role, findings(comparison["all"], role)) for role in against],
        plots={role: _differences(comparison["all"], role) for role in against},
        loss=_loss(training) if training.get("curve") else "",
    )


def shown(measure: Measure, cell: Row | None) -> str:
    """A mean as the reader wants it: a share in per cent, a loss as perplexity."""
    if cell is None:
        return "–"
    return _number(measure, float(cell["mean"]))


def span(measure: Measure, cell: Row) -> str:
    """The 95 % interval of a mean."""
    return (
        f"{_number(measure, float(cell['low'])).removesuffix(' %')} – {_number(measure, float(cell['high']))}"
    )


def gained(measure: Measure, cell: Row | None) -> str:
    """A difference with its sign: points of a share, per cent of a perplexity, else the unit itself."""
    if cell is None:
        return "–"
    mean = float(cell["mean"])
    if measure is MEASURES["loss"]:
        return f"{math.expm1(mean):+.0%}".replace("-0%", "+0%")
    return f"{100 * mean:+.1f}" if measure.share else f"{mean:+.2f}"


def findings(table: Mapping[str, Row], role: str) -> dict[str, list[str]]:
    """Titles of the measures by what became of them against another model: better, worse, or unclear."""
    found: dict[str, list[str]] = {"better": [], "worse": [], "": []}
    for name, row in table.items():
        cell = row["against"].get(role)
        if cell and MEASURES[name].better != "neither":
            found[cell["verdict"]].append(f"{MEASURES[name].title} {gained(MEASURES[name], cell)}")
    return found


def lines(comparison: Row) -> list[str]:
    """The table of all questions for a terminal."""
    roles = [role for role in ("base", "current", "candidate") if role in comparison["models"]]
    told = [f"{TITLES[role]:10} {comparison['models'][role]}" for role in roles]
    told.append(f"{comparison['cases']} held-out questions; mean [95 % interval]")
    for name, row in comparison["all"].items():
        measure = MEASURES[name]
        cells = [
            f"{role} {shown(measure, row[role])} [{span(measure, row[role])}]"
            for role in roles
            if role in row
        ]
        told.append(f"  {measure.title:29} " + "   ".join(cells))
    return told


def _number(measure: Measure, value: float) -> str:
    if math.isnan(value):
        return "–"
    if measure is MEASURES["loss"]:
        return f"{math.exp(value):.2f}"
    return f"{100 * value:.1f} %" if measure.share else f"{value:.2f}"


def _differences(table: Mapping[str, Row], role: str) -> str:
    bars = []
    for name, row in table.items():
        measure, cell = MEASURES[name], row["against"].get(role)
        if cell and measure.share:
            arrow = " ↑" if measure.better == "higher" else " ↓"
            kind = cell["verdict"] or "unclear"
            mean, low, high = (float(cell[key]) for key in ("mean", "low", "high"))
            bars.append(Bar(measure.title + arrow, mean, low, high, kind, gained(measure, cell)))
    return intervals(bars, f"Candidate minus {TITLES[role]} model, in points, with 95 % intervals")


def _loss(training: Row) -> str:
    before, after = training.get("validation_loss", (0.0, 0.0))
    points = [(float(step), float(loss)) for step, loss in training["curve"]]
    return curve(points, (before, after) if before else None, "Training loss by step, nats a token")
