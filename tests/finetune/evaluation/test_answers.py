"""Delivered answers are judged by the article they cite, the facts they state, and their silence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatbot.app import Chat
from chatbot.engines.scripted import ScriptedEngine
from chatbot.settings import load_settings
from chatbot.store.sqlite import SqliteStore
from chatbot.turn.message import Message
from finetune.errors import QuestionsUnreadable
from finetune.evaluation import answers
from finetune.evaluation.answers import Question, ask, read_questions, summary
from retrieval.index import Index
from retrieval.ingest import ingest
from tests.retrieval.hashing import HashingEmbedder

ARTICLES = {
    "refunds.md": "# Refunds\n\nA refund reaches you within 5 business days.\n",
    "shipping.md": "# Shipping costs\n\nStandard shipping costs $5.95 per order.\n",
    "tuikuan.md": "# 退款多久到账\n\n退款会在5个工作日内到账。\n",
}
REFUND = "How many business days until a refund reaches me?"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    articles = tmp_path_factory.mktemp("articles")
    for name, text in ARTICLES.items():
        (articles / name).write_text(text, encoding="utf-8")
    folder = tmp_path_factory.mktemp("index")
    ingest([articles], folder, HashingEmbedder())
    return Index.open(folder, HashingEmbedder())


@pytest.fixture
def make(index: Index, tmp_path: Path) -> Iterator[Callable[..., Chat]]:
    stores: list[SqliteStore] = []

    def make(*replies: str, **options: Any) -> Chat:
        settings = load_settings(home=tmp_path)
        stores.append(SqliteStore(settings.database))
        return Chat(index, ScriptedEngine(list(replies), **options), stores[-1], settings)

    yield make
    for store in stores:
        store.close()


def question(
    text: str, articles: tuple[str, ...], facts: tuple[tuple[str, ...], ...] = (), language: str = "en"
) -> Question:
    return Question("q", language, text, (), articles, facts)


def judged(chat: Chat, asked: Question) -> dict[str, Any]:
    return asyncio.run(ask(chat, asked))


def test_a_right_answer(make: Callable[..., Chat]) -> None:
    facts = (("5 business days", "five business days"), ("20 %", "twenty"))
    row = judged(
        make("A refund reaches you within 5 business days. [1]"), question(REFUND, ("refunds",), facts)
    )
    assert row["decision"] == "answer"
    assert row["cited"] == ["refunds"]
    assert row["right_article"] is True
    assert row["facts"] == 0.5, "one of the two facts"
    assert row["right_language"] is True
    assert row["answerable"] is True
    assert row["answered"] is True
    assert row["found"][0] == "refunds"


def test_an_answer_from_the_wrong_article(make: Callable[..., Chat]) -> None:
    row = judged(
        make("A refund reaches you within 5 business days. [1]"),
        question(REFUND, ("returns", "shipping"), (("30 days",),)),
    )
    assert row["answered"] is True
    assert row["right_article"] is False
    assert row["facts"] == 0.0


def test_one_of_several_right_articles_is_enough(make: Callable[..., Chat]) -> None:
    row = judged(make("A refund reaches you within 5 business days. [1]"), question(REFUND, ("x", "refunds")))
    assert row["right_article"] is True
    assert row["facts"] is None, "no facts are asked for"


def test_silence_is_right_only_where_there_is_no_answer(make: Callable[..., Chat]) -> None:
    silent = "I could not find the answer to this in our help articles."
    unknown = "Which zebra gallops across Peru?"
    row = judged(make(silent), question(unknown, ()))
    assert row["decision"] == "abstain"
    assert (row["answerable"], row["answered"]) == (False, False)
    missed = judged(make(silent), question(unknown, ("refunds",), (("5 business days",),)))
    assert (missed["answerable"], missed["answered"]) == (True, False)
    assert missed["right_article"] is False
    assert missed["facts"] == 0.0


def test_a_space_between_chinese_and_a_figure_is_no_difference(make: Callable[..., Chat]) -> None:
    asked = question("退款多久到账？", ("tuikuan",), (("5 个工作日",),), "zh")
    row = judged(make("退款会在5个工作日内到账。[1]"), asked)
    assert row["facts"] == 1.0
    assert row["right_language"] is True


def test_the_answer_in_another_language_is_seen(make: Callable[..., Chat]) -> None:
    asked = question(REFUND, ("refunds",), language="zh")
    row = judged(make("A refund reaches you within 5 business days. [1]"), asked)
    assert row["right_language"] is False


def test_the_history_of_the_question_is_told_to_the_model(make: Callable[..., Chat]) -> None:
    chat = make("A refund reaches you within 5 business days. [1]")
    history = (Message("user", "I sent a lamp back."), Message("assistant", "Thank you."))
    judged(chat, Question("q", "en", REFUND, history, ("refunds",), ()))
    sent = [m["content"] for m in chat.engine.requests[0]]
    assert sent[1:] == ["I sent a lamp back.", "Thank you.", REFUND]


def test_a_broken_engine_counts_as_no_answer(make: Callable[..., Chat]) -> None:
    row = judged(make("A refund.", fail_after=0), question(REFUND, ("refunds",), (("5",),)))
    assert row["failed"]
    assert (row["answered"], row["right_article"], row["facts"]) == (False, False, 0.0)


def test_the_summary_divides_by_the_rows_a_measure_is_for() -> None:
    def row(answerable: bool, answered: bool, right: bool, facts: float | None) -> dict[str, Any]:
        judged = {"answerable": answerable, "answered": answered, "right_article": right, "facts": facts}
        return judged | {"silent": not answered, "right_language": True, "seconds": 2.0}

    rows = [row(True, True, True, 1.0), row(True, True, False, None), row(True, False, False, 0.0)]
    rows += [row(False, True, False, None), row(False, False, False, None)]
    total = summary(rows)
    assert total["questions"] == 5
    assert total["right_article_cited"]["mean"] == pytest.approx(1 / 3, abs=1e-3)
    assert total["right_article_cited"]["n"] == 3
    assert total["facts_stated"] == {"mean": 0.5, "low": 0.0, "high": 1.0, "n": 2}
    assert total["not_answered_without_source"]["mean"] == 0.5
    assert total["not_answered_without_source"]["n"] == 2
    assert total["seconds_median"] == 2.0
    assert summary([])["seconds_median"] is None


def test_a_whole_run_writes_its_report(
    make: Callable[..., Chat], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = make("A refund reaches you within 5 business days. [1]")
    monkeypatch.setattr(answers, "build_chat", lambda settings: chat)
    path = tmp_path / "questions.jsonl"
    rows = [
        {"id": "a", "question": REFUND, "article": "refunds", "facts": [["5 business days"]]},
        {"id": "b", "question": "退款多久到账？", "article": "tuikuan", "facts": []},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    told: list[tuple[int, int]] = []
    report = answers.evaluate_answers(
        path,
        settings=chat.settings,
        out=tmp_path / "report.json",
        on_step=lambda done, of: told.append((done, of)),
    )
    assert told == [(1, 2), (2, 2)]
    assert report["model"] == "scripted@1"
    assert report["all"]["questions"] == 2
    assert report["en"]["questions"] == report["zh"]["questions"] == 1
    assert [row["id"] for row in report["rows"]] == ["a", "b"]
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == report


def write(folder: Path, *lines: str) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_questions_are_read_with_what_may_be_left_out(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '{"id": "a", "language": "zh", "question": "退款？", "article": "x", '
        '"facts": [["5 天", "五天"], "免费"]}',
        "",
        '{"question": "Do you ship to Mars?", "article": null}',
        '{"question": "two\u2028lines?", "article": ["x", "y"], '
        '"history": [{"role": "user", "content": "hi"}]}',
    )
    first, second, third = read_questions(path)
    assert first == Question("a", "zh", "退款？", (), ("x",), (("5 天", "五天"), ("免费",)))
    assert second == Question("3", "en", "Do you ship to Mars?", (), (), ())
    assert third.text == "two\u2028lines?"
    assert third.articles == ("x", "y")
    assert third.history == (Message("user", "hi"),)


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        '{"article": "x"}',
        '{"question": "   ", "article": "x"}',
        '{"question": 5}',
        '["a", "list"]',
        "5",
        "null",
        '{"question": "q", "article": 5}',
        '{"question": "q", "facts": [5]}',
        '{"question": "q", "history": ["hi"]}',
        '{"question": "q", "history": [{"role": "user"}]}',
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    path = write(tmp_path, '{"question": "fine?"}', "", line)
    with pytest.raises(QuestionsUnreadable, match=r"Line 3 of .*questions\.jsonl"):
        read_questions(path)


def test_a_file_without_questions_says_where_the_form_is(tmp_path: Path) -> None:
    with pytest.raises(QuestionsUnreadable, match=r"examples/questions\.jsonl"):
        read_questions(write(tmp_path, "", " "))


def test_a_file_that_is_no_utf8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes('{"question": "退款？"}'.encode("gb18030"))
    with pytest.raises(QuestionsUnreadable, match="UTF-8"):
        read_questions(path)
