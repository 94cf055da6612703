"""Ask a model the held-out cases through the whole turn, and keep what it said: a stopped run goes on."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.app import Chat, collect
from chatbot.engine import ChatMessages, Engine, Generation
from chatbot.models.abstention import AbstentionPrior
from chatbot.settings import Settings
from chatbot.store.sqlite import SqliteStore
from chatbot.turn.events import Done
from chatbot.turn.search import Withheld
from finetune.evaluation.cases import Case
from finetune.jsonl import Kept
from retrieval.index import Index

OnStep = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a case. `written` is the model's own text, before any check; `seconds` is the whole turn.

    `cited` has article and quote of each citation. `decision` is "failed" when the turn broke off.
    """

    answer: str
    written: str
    decision: str
    cited: tuple[tuple[str, str], ...]
    seconds: float


def ask_cases(
    engine: Callable[[], Engine],
    cases: Sequence[Case],
    index: Index,
    settings: Settings,
    kept: Kept,
    on_step: OnStep | None = None,
) -> list[Reply]:
    """The reply to each case; an engine is opened only for those not in `kept` yet. Raises EngineFailed."""
    missing = [case for case in cases if case.key not in kept.rows]
    if missing:
        asyncio.run(_ask(engine, missing, index, settings, kept, on_step, len(cases)))
    return [_reply(kept.rows[case.key]) for case in cases]


async def _ask(
    engine: Callable[[], Engine],
    cases: Sequence[Case],
    index: Index,
    settings: Settings,
    kept: Kept,
    on_step: OnStep | None,
    total: int,
) -> None:
    with tempfile.TemporaryDirectory() as folder:  # test questions are no conversations of this installation
        heard = _Heard(await asyncio.to_thread(engine))
        chat = Chat(index, heard, SqliteStore(Path(folder) / "turns.db"), settings)
        try:
            for number, case in enumerate(cases, start=1 + total - len(cases)):
                kept.add(case.key, await _one(chat, heard, case))
                if on_step:
                    on_step(number, total)
        finally:
            await chat.aclose()


async def _one(chat: Chat, heard: _Heard, case: Case) -> dict[str, Any]:
    """As a customer of a later day would ask: without what is hidden, and as if the logs did not know it."""
    heard.text = ""
    withheld = Withheld(frozenset(case.hidden), itself=True)
    conversation = chat.new_conversation("evaluation", case.language)
    _, last = await collect(chat.reply(conversation, case.question, history=case.history, withheld=withheld))
    if not isinstance(last, Done):
        return {"answer": "", "written": heard.text, "decision": "failed", "cited": [], "seconds": 0.0}
    turn = last.turn
    return {
        "answer": turn.answer,
        "written": heard.text,
        "decision": turn.decision,
        "cited": [[c.article, c.quote] for c in turn.citations],
        "seconds": turn.timings.get("total", 0.0),
    }


def _reply(row: dict[str, Any]) -> Reply:
    return Reply(**row | {"cited": tuple((article, quote) for article, quote in row["cited"])})


class _Heard:
    """An engine that remembers what it wrote last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.text = ""

    @property
    def model(self) -> str:
        return self._engine.model

    @property
    def abstention_prior(self) -> AbstentionPrior | None:
        return self._engine.abstention_prior

    async def stream(
        self, messages: ChatMessages, max_tokens: int = 256, *, first_tokens: bool = False
    ) -> Generation:
        async with aclosing(
            self._engine.stream(messages, max_tokens, first_tokens=first_tokens)
        ) as generated:
            async for event in generated:
                if isinstance(event, str):
                    self.text += event
                yield event

    def lease(self, conversation_id: str) -> AbstractContextManager[Engine]:
        return nullcontext(self)

    async def problem(self) -> str:
        return await self._engine.problem()

    async def disconnect(self) -> None:
        await self._engine.disconnect()

    async def aclose(self) -> None:
        await self._engine.aclose()
