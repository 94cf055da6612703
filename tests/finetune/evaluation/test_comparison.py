"""Models compared on the same cases, and the page that shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from finetune.evaluation.ask_cases import Reply
from finetune.evaluation.cases import Case
from finetune.evaluation.comparison import ModelReplies, Role, compare_models, turn_gains
from finetune.evaluation.judgement import MEASURES, judge
from finetune.evaluation.report_page import gained, lines, render, shown
from retrieval.articles.passage import Passage

GOLD = Passage("en/cards#1", "en/cards", "Gift <cards>", "", "A gift card is valid for 3 years.", "", "en")
RIGHT = Reply("A gift card is valid for 3 years. [1]", "", "answer", (("en/cards", ""),), 0.4)
POOR = Reply("<b>Points</b> expire. [2]", "", "answer", (("en/points", ""),), 0.6)


def case(n: int) -> Case:
    return Case(
        f"c{n}", "en" if n % 2 else "zh", ("cards", "points")[n % 2], "chat",
        f"Valid for how long? <{n}>", (), "A gift card is valid for 3 years.", GOLD if n % 5 else None,
    )  # fmt: skip


def model(role: Role, good: int, count: int = 20) -> ModelReplies:
    """Right in the first `good` cases."""
    replies = [RIGHT if n < good else POOR for n in range(count)]
    judged = [judge(case(n), r) | {"loss": 1.0 + n / 50 + (role == "base")} for n, r in enumerate(replies)]
    return ModelReplies(role, f"{role}@1", replies, judged)


@pytest.fixture
def comparison() -> dict[str, Any]:
    models = [model("base", 2), model("current", 9), model("candidate", 18)]
    found = compare_models([case(n) for n in range(20)], models)
    about = {"models": {m.role: m.label for m in models}, "index": "v1", "created_at": "2025-01-01T10:00:00"}
    return found | about


def test_better_and_worse_with_confidence(comparison: dict[str, Any]) -> None:
    rouge = comparison["all"]["rouge_l"]
    assert (comparison["cases"], comparison["answerable"], rouge["candidate"]["n"]) == (20, 16, 16)
    assert rouge["against"]["current"]["verdict"] == "better"
    assert rouge["against"]["current"]["mean"] == pytest.approx(
        rouge["candidate"]["mean"] - rouge["current"]["mean"]
    )
    assert comparison["all"]["loss"]["against"]["base"]["verdict"] == "better", "a smaller loss is better"
    assert comparison["all"]["loss"]["against"]["current"]["verdict"] == ""
    assert comparison["all"]["words"]["against"]["current"]["verdict"] == "", "longer is neither"
    assert set(comparison["groups"]) == {"language", "topic"}, "one channel is no group"
    assert comparison["groups"]["topic"]["cards"]["cases"] == 10


def test_the_answers_that_changed_most_come_first(comparison: dict[str, Any]) -> None:
    changes = comparison["changes"]
    against = [c["against"] for c in changes]
    assert against == ["current"] * 7 + ["base"] * 6, (
        "nine got another answer, two have none to be likened to"
    )
    now = [abs(c["gain"]) for c in changes[:7]]
    assert now == sorted(now, reverse=True)
    assert set(changes[0]["answers"]) == {"base", "current", "candidate"}
    json.dumps(comparison, allow_nan=False)


def test_the_page_needs_nothing_else_and_escapes_what_customers_write(comparison: dict[str, Any]) -> None:
    run = {
        "base": "base@1", "recipe": {"rank": 16, "minutes": None},
        "training": {
            "curve": [(1, 3.0), (2, 2.0)], "validation_loss": (3.1, 2.2), "steps": 2,
            "tokens": 9, "seconds": 61,
        },
        "data": {
            "examples": {"train": 3}, "unanswerable": {"train": 1}, "conversations": 4,
            "languages": {"en": 3}, "drops": {"vague": 1}, "redacted": {"name": 2},
        },
    }  # fmt: skip
    page = render(comparison, run)
    assert page.lstrip().startswith("<!doctype html>")
    assert not {"<script", "http://", "https://", "@import", "<link", "src="} & {
        part for part in ("<script", "http://", "https://", "@import", "<link", "src=") if part in page
    }
    assert "&lt;b&gt;Points" in page
    assert "<b>Points" not in page
    assert page.count("<svg") == 3
    assert "rank 16" in page
    assert "minutes None" not in page
    alone = render(comparison | {"models": {"candidate": "candidate@1"}, "groups": {}, "changes": []}, {})
    assert "no other model" in alone


def test_figures_as_people_read_them(comparison: dict[str, Any]) -> None:
    loss, rouge = MEASURES["loss"], MEASURES["rouge_l"]
    assert shown(loss, {"mean": 1.0}) == "2.72"
    assert gained(loss, {"mean": -0.693147}) == "-50%"
    assert (shown(rouge, {"mean": 0.315}), gained(rouge, {"mean": -0.02}), shown(rouge, None)) == (
        "31.5 %",
        "-2.0",
        "–",
    )
    assert any("Perplexity" in line and "candidate" in line for line in lines(comparison))


def test_the_gate_counts_shares_of_enough_cases(comparison: dict[str, Any]) -> None:
    assert turn_gains(comparison, "current@1")[0].measure == "delivered_right_language"
    assert {g.where for g in turn_gains(comparison, "current@1")} == {"turns"}, "ten of each language are few"
    assert turn_gains(comparison, "candidate@1") == turn_gains(comparison, "nobody@1") == []
    models = [model("current", 10, 50), model("candidate", 45, 50)]
    many = compare_models([case(n) for n in range(50)], models) | {"models": {"current": "c@1"}}
    gains = {g.measure: g for g in turn_gains(many, "c@1") if g.where == "turns"}
    assert gains["delivered_citation_recall"].low > 0
    assert gains["delivered_over_refusal"].mean == 0
    assert {"delivered_loss", "delivered_words", "delivered_seconds"}.isdisjoint(gains)
