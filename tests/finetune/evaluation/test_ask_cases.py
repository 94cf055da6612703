"""Held-out questions through the whole turn: what is hidden is not found, nothing is asked twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chatbot.engines.scripted import ScriptedEngine
from chatbot.errors import EngineFailed
from chatbot.settings import Settings, load_settings
from finetune.evaluation.ask_cases import ask_cases
from finetune.evaluation.cases import Case, cases
from finetune.jsonl import Kept
from retrieval.index import Index
from tests.finetune.evaluation.held_out import held_out, shop_index

REFUND = "Refunds go back to your card within 5 business days after the check. [1]"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return shop_index(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def asked(index: Index) -> list[Case]:
    return cases(held_out(index), index)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path)


def engine(told: list[str]) -> Callable[[], ScriptedEngine]:
    """Answers from the first passage, and notes each question."""

    def say(messages: list[dict[str, str]]) -> str:
        told.append(messages[-1]["content"])
        return messages[0]["content"].partition("[1] ")[2].splitlines()[1] + " [1]"

    return lambda: ScriptedEngine(say)


def test_a_case_knows_its_topic_and_what_would_answer_it(asked: list[Case]) -> None:
    refund, cash, zh, twin, nobody = asked
    assert (refund.topic, cash.topic, zh.topic) == ("refunds", "cards", "cards")
    assert refund.gold
    assert refund.gold.article == "en/refunds"
    assert refund.hidden == ()
    assert "en/refunds" in twin.hidden
    assert (twin.gold, twin.topic) == (None, "refunds")
    assert (nobody.gold, nobody.hidden, nobody.channel) == (None, (), "email")
    assert len({case.key for case in asked}) == len(asked)


def test_the_turn_delivers_what_a_source_carries(asked: list[Case], index: Index, settings: Settings) -> None:
    replies = ask_cases(
        lambda: ScriptedEngine([REFUND]), asked[:1], index, settings, Kept(settings.home / "k")
    )
    assert replies[0].answer.startswith("Refunds go back to your card within 5 business days")
    assert replies[0].decision == "answer"
    assert replies[0].cited[0][0] == "en/refunds"
    assert replies[0].written == REFUND
    assert replies[0].seconds > 0
    assert not settings.database.exists(), "test questions are no conversations"


def test_what_is_hidden_is_not_found(asked: list[Case], index: Index, settings: Settings) -> None:
    replies = ask_cases(engine([]), asked, index, settings, Kept(settings.home / "k"))
    assert [article for article, _ in replies[0].cited] == ["en/refunds"]
    assert "en/refunds" not in [article for article, _ in replies[3].cited]


def test_a_stopped_run_goes_on(asked: list[Case], index: Index, settings: Settings) -> None:
    path = settings.home / "deep" / "kept.jsonl"
    told: list[str] = []
    whole = ask_cases(engine(told), asked, index, settings, Kept(path))
    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text(
        "\n".join([*lines[:3], lines[3][:20]]), encoding="utf-8"
    )  # killed while writing the third
    before = len(told)
    steps: list[tuple[int, int]] = []
    kept = Kept(path)
    assert len(kept.rows) == 2
    again = ask_cases(engine(told), asked, index, settings, kept, lambda n, of: steps.append((n, of)))
    assert [r.answer for r in again] == [r.answer for r in whole]
    assert steps == [(3, 5), (4, 5), (5, 5)]
    assert len(told) - before <= 3

    def never() -> ScriptedEngine:
        raise AssertionError("everything is known")

    assert ask_cases(never, asked, index, settings, Kept(path)) == again


def test_a_broken_turn_is_a_failed_reply(asked: list[Case], index: Index, settings: Settings) -> None:
    broken = ask_cases(
        lambda: ScriptedEngine([REFUND], fail_after=2), asked[:1], index, settings, Kept(settings.home / "k")
    )
    assert (broken[0].decision, broken[0].answer) == ("failed", "")


def test_an_engine_that_does_not_open_is_told(asked: list[Case], index: Index, settings: Settings) -> None:
    def none() -> ScriptedEngine:
        raise EngineFailed("no model")

    with pytest.raises(EngineFailed, match="no model"):
        ask_cases(none, asked, index, settings, Kept(settings.home / "k"))
