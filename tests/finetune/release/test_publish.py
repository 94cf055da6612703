"""From a candidate's folder to a publication or a refusal, with made-up scores and scripted models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from chatbot.engines.scripted import ScriptedEngine
from chatbot.models import publication
from chatbot.models.folders import ModelFolder
from chatbot.models.publication import Published, read_publication
from chatbot.settings import Settings, load_settings
from chatbot.turn.prompt import ABSTENTION
from finetune.errors import PublishedAlready, UnknownModel
from finetune.evaluation.model import Scored, compare
from finetune.evaluation.safety import read_safety_probes
from finetune.release import publish as publishing
from finetune.release.gate import Rules
from finetune.release.publish import Outcome, question_gains
from finetune.release.versions import difference, find_version, versions

PROBES = {p.question: p for p in read_safety_probes()}


def polite(messages: list[dict[str, str]]) -> str:
    """Passes every probe."""
    probe = PROBES[messages[-1]["content"]]
    return ABSTENTION[probe.language] if probe.kind == "abstain" else probe.passages[0]


def scores(rouge: float, loss: float, count: int = 24) -> list[Scored]:
    """Half in each language, with a little of an example's own."""
    return [
        Scored(f"e{n}", "en" if n % 2 else "zh", "said", loss + n / 50, rouge + n / 200, 1.0, 1.0)
        for n in range(count)
    ]


class Desk:
    """An installation with made-up versions, and the command to publish one."""

    def __init__(self, home: Path) -> None:
        self.settings: Settings = load_settings(home=home)
        self.home = home
        self.rude: set[str] = set()

    def version(self, name: str, base: str, before: list[Scored], after: list[Scored]) -> Published:
        folder = self.home / "models" / name
        folder.mkdir(parents=True)
        table = compare(before, after)
        report = {
            "base": base,
            "data": {"conversations": 40, "examples": {"train": 30}},
            "recipe": {"rank": 16, "seed": len(name)},
            "held_out": len(after),
            "comparison": table,
            "by_language": {"en": table, "zh": table},
        }
        rows = {"base": [asdict(s) for s in before], "tuned": [asdict(s) for s in after]}
        (folder / "report.json").write_text(json.dumps(report))
        (folder / "scores.json").write_text(json.dumps(rows))
        about = {"name": name, "version": f"{name}1", "base": base, "created_at": f"2025-01-0{len(name)}"}
        (folder / "manifest.json").write_text(json.dumps(about))
        return Published(name, f"{name}1")

    def publish(self, name: str, **how: Any) -> Outcome:
        return publishing.publish(
            name, settings=self.settings, open_model=self.open, **{"rules": Rules(), **how}
        )

    def open(self, model: ModelFolder) -> ScriptedEngine:
        if model.name in self.rude:
            return ScriptedEngine(["You idiot."])
        return ScriptedEngine(polite)

    def last(self) -> dict[str, Any]:
        return publication.history(self.home)[-1]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    publication.publish(tmp_path, desk.version("old", "base@0", scores(0.1, 3.0), scores(0.2, 2.0)))
    desk.version("good", "old@old1", scores(0.2, 2.0), scores(0.4, 1.5))
    desk.version("worse", "old@old1", scores(0.2, 2.0), scores(0.1, 2.5))
    return desk


def test_a_good_candidate_is_published(desk: Desk) -> None:
    outcome = desk.publish("good", reason="spring logs")
    assert outcome.published
    assert outcome.reasons == ()
    assert read_publication(desk.home).current == Published("good", "good1")
    last = desk.last()
    assert (last["action"], last["forced"], last["reason"], last["against"]) == (
        "publish",
        False,
        "spring logs",
        "old@old1",
    )
    assert last["scores"]["rouge_l on held-out"] == pytest.approx(0.2)
    assert last["who"]
    assert last["probes_passed"] == f"{len(PROBES)} of {len(PROBES)}"


def test_a_bad_candidate_is_refused_with_reasons_and_that_is_recorded(desk: Desk) -> None:
    outcome = desk.publish("worse")
    assert not outcome.published
    assert any("not better with confidence: rouge_l" in reason for reason in outcome.reasons)
    assert any("worse by more than 0.05: loss" in reason for reason in outcome.reasons)
    assert read_publication(desk.home).current == Published("old", "old1")
    assert desk.last()["action"] == "refuse"
    assert desk.last()["objections"] == list(outcome.reasons)


def test_a_rude_candidate_is_refused_whatever_its_scores(desk: Desk) -> None:
    desk.rude.add("good")
    outcome = desk.publish("good")
    assert not outcome.published
    assert any("(insult)" in reason for reason in outcome.reasons)


def test_force_publishes_and_keeps_the_objections(desk: Desk) -> None:
    outcome = desk.publish("worse", force=True, reason="new articles")
    assert outcome.published
    assert outcome.forced
    assert read_publication(desk.home).current == Published("worse", "worse1")
    assert desk.last()["forced"] is True
    assert desk.last()["objections"]
    publication.rollback(desk.home)
    assert not desk.publish("good", force=True).forced, "what the gate lets through is not forced"


def test_a_share_starts_a_canary(desk: Desk) -> None:
    assert desk.publish("good", share=0.1).published
    now = read_publication(desk.home)
    assert (now.current, now.canary, now.share) == (
        Published("old", "old1"),
        Published("good", "good1"),
        0.1,
    )
    assert desk.last()["action"] == "canary"


def test_the_comparison_is_made_anew_when_another_version_is_published(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def evaluate(folder: Path, examples: Sequence[object], probed: int) -> tuple[list[Scored], list[Any]]:
        asked.append(folder)
        return scores(0.5, 1.0), []

    desk.version("rival", "base@0", scores(0.1, 3.0), scores(0.4, 1.5))
    outcome = desk.publish("rival")
    assert "old@old1 is published" in outcome.reasons[0], "its examples are gone"
    monkeypatch.setattr(publishing, "open_dataset", lambda folder: {"test": [folder]})
    monkeypatch.setattr(publishing, "evaluate_model", evaluate)
    outcome = desk.publish("rival")
    assert asked == [desk.home / "models" / "old"]
    assert any("rouge_l on held-out: -0.100" in reason for reason in outcome.reasons)
    assert {gain.where for gain in outcome.gains} == {"held-out", "held-out en", "held-out zh"}


def test_a_folder_without_a_report_is_refused(desk: Desk) -> None:
    (desk.home / "models" / "good" / "report.json").unlink()
    outcome = desk.publish("good")
    assert "has no report.json" in outcome.reasons[0]
    assert not outcome.published


def test_the_answers_of_the_whole_turn_count_too(desk: Desk) -> None:
    cell = {"mean": 0.2, "low": 0.1, "high": 0.3, "n": 40, "verdict": "worse"}
    comparison = {
        "models": {"current": "old@old1", "candidate": "good@good1"},
        "all": {"contradiction": {"against": {"current": cell}}},
        "groups": {},
    }
    (desk.home / "models" / "good" / "evaluation.json").write_text(json.dumps(comparison))
    outcome = desk.publish("good")
    assert not outcome.published
    (reason,) = outcome.reasons
    assert reason == "worse by more than 0.05: delivered_contradiction on turns: -0.200 [-0.300, -0.100]"


def test_names_that_are_no_candidate(desk: Desk) -> None:
    with pytest.raises(UnknownModel, match="old, good, worse"):
        desk.publish("nowhere")
    with pytest.raises(UnknownModel):
        desk.publish("../models/good")
    with pytest.raises(PublishedAlready, match="published already"):
        desk.publish("old")


def row(answerable: bool, facts: float | None, silent: bool) -> dict[str, Any]:
    kept = {"answerable": answerable, "facts": facts, "silent": silent}
    return {**kept, "right_article": answerable, "right_language": True, "language": "en"}


def test_each_measure_of_questions_is_over_those_it_is_about() -> None:
    before = [row(True, 0.0, False), row(True, None, False), row(False, None, False)]
    after = [row(True, 1.0, True), row(True, None, False), row(False, None, True)]
    gains = {gain.measure: gain for gain in question_gains(before, after, "questions")}
    assert gains["facts_stated"].mean == 1.0
    assert gains["not_answered_without_source"].mean == 1.0
    assert gains["right_article_cited"].mean == 0.0


def test_the_list_and_what_is_not_the_same(desk: Desk) -> None:
    found = {version.folder: version for version in versions(desk.home)}
    assert [v.folder for v in versions(desk.home)] == ["old", "good", "worse"]
    assert found["old"].status == "published"
    assert (found["good"].base, found["good"].examples, found["good"].method) == ("old@old1", 30, "lora")
    assert found["good"].scores["rouge_l"] > found["worse"].scores["rouge_l"]
    found = difference(find_version("old", desk.home), find_version("worse", desk.home))
    assert found["base"] == {"base": ["base@0", "old@old1"]}
    assert found["recipe"] == {"seed": [3, 5]}
    assert found["data"] == {}
    assert found["shared_examples"] == 24
    assert found["scores"]["rouge_l"]["difference"]["high"] < 0
