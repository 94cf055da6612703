"""A teacher behind an OpenAI-compatible server answers from the passages; only what they carry is learnt."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest

from chatbot.engines.openai_server import OpenAIEngine
from chatbot.engines.scripted import ScriptedEngine
from chatbot.errors import EngineFailed
from chatbot.turn.prompt import ABSTENTION
from finetune.dataset.distil import distil, judged, questions
from finetune.dataset.example import Dropped, read
from finetune.dataset.exchanges import Exchange
from retrieval.articles.passage import Passage
from tests.chatbot.engines.test_openai_server import STREAM, event, says, serving
from tests.finetune.dataset.test_build import TALKS
from tests.finetune.search.searched import SHOP
from tests.finetune.test_tune import exported

CASH = "Can a gift card be exchanged for cash?"


def asked(question: str, id: str = "q-1") -> Exchange:
    return Exchange(id, "en", question, (), (), "c1", None, "")


def passages(*articles: str) -> list[Passage]:
    return [p for name in articles for p in SHOP.article(name)]


@pytest.mark.parametrize(
    ("answer", "kept", "gold", "reason"),
    [
        ("A gift card cannot be exchanged for cash. [2]", "A gift card cannot be exchanged for cash.", 2, ""),
        (
            "Sure! A gift card is valid for 3 years. [2] Points expire after 18 months. [1]",
            "A gift card is valid for 3 years.", 2, "",
        ),
        ("A gift card can be exchanged for cash. [2]", None, 0, "contradicts the passage"),
        ("A gift card is valid for 5 years. [2]", None, 0, "a number that no passage has"),
        ("Our stores in town happily take them back.", None, 0, "no passage supports the answer"),
        ("我不知道。", None, 0, "no answer, or one in another language"),
        ("", None, 0, "no answer, or one in another language"),
        ("Thank you!", None, 0, "nothing but courtesy"),
        (ABSTENTION["en"], "", 0, ""),
    ],
)  # fmt: skip
def test_only_what_the_passages_carry(answer: str, kept: str | None, gold: int, reason: str) -> None:
    made = judged(asked(CASH), passages("en/points", "en/cards"), answer)
    if isinstance(made, Dropped):
        assert (None, reason) == (kept, made.reason)
    else:
        assert (made.answer, made.gold, made.source) == (kept, gold, "distilled")


def test_examples_of_a_teacher_on_the_wire(tmp_path: Path) -> None:
    out = tmp_path / "more.jsonl"
    texts: list[dict] = []

    async def teacher(request: dict, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        texts.append(request["body"])
        right = request["body"]["messages"][-1]["content"] == CASH
        said = (
            "A gift card cannot be exchanged for cash. [1]"
            if right
            else "Refunds go back to your card within 77 business days. [1]"
        )
        await says(STREAM, event(said), event(None, "stop"), b"data: [DONE]\n\n")(request, reader, writer)

    async def serve(ready: threading.Event, done: asyncio.Event, address: list[str]) -> None:
        async with serving(teacher) as engine:
            address.append(engine.base_url)
            ready.set()
            await done.wait()

    ready, address = threading.Event(), []
    loop = asyncio.new_event_loop()
    done = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(ready, done, address),))
    thread.start()
    try:
        assert ready.wait(10)
        found = distil(
            [asked(CASH), asked("How long does a refund take?", "q-2")],
            SHOP,
            OpenAIEngine(address[0], "big"),
            out,
        )
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()
    assert [e.answer for e in found.examples] == ["A gift card cannot be exchanged for cash."]
    assert found.drops == {"a number that no passage has": 1}
    assert list(read(out)) == found.examples
    assert {request["model"] for request in texts} == {"big"}
    assert [path.name for path in tmp_path.iterdir()] == ["more.jsonl"]


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "more.jsonl"
    many = [asked(f"{CASH} {word}", word) for word in ("please", "thanks", "hello", "today")]
    said: list[str] = []

    def answer(messages: list[dict[str, str]]) -> str:
        said.append(messages[-1]["content"])
        if len(said) == 3:
            raise EngineFailed("gone")
        return "A gift card cannot be exchanged for cash. [1]"

    with pytest.raises(EngineFailed, match="gone"):
        distil(many, SHOP, ScriptedEngine(answer), out, at_once=1)
    assert not out.exists()
    before = len(said)
    found = distil(many, SHOP, ScriptedEngine(answer), out, at_once=1)
    assert len(said) - before == 2
    assert len(found.examples) == 4


def test_a_timid_teacher_does_not_teach_silence(tmp_path: Path) -> None:
    many = [asked(f"{CASH} {n}", f"q-{n}") for n in range(12)]
    replies = ["A gift card cannot be exchanged for cash. [1]"] * 8 + [ABSTENTION["en"]] * 4
    found = distil(many, SHOP, ScriptedEngine(replies), tmp_path / "o.jsonl", at_once=1)
    assert sum(not e.gold for e in found.examples) == 2
    assert found.drops["too many without an answer"] == 2


def test_the_questions_are_redacted(tmp_path: Path) -> None:
    found = questions([exported(TALKS, tmp_path / "chats.jsonl")], SHOP)
    assert found
    assert "Olwen" not in json.dumps([c.question for c in found])
