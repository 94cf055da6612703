"""One turn of conversation from the customer's message to the stored answer: where all parts meet."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Literal

from chatbot.engine import Engine
from chatbot.engines.cores import share_cores
from chatbot.errors import BadMessage, ChatbotError, MessageTooLong
from chatbot.index import open_index
from chatbot.models.abstention import FirstTokens
from chatbot.settings import Settings
from chatbot.store.protocol import NewTurn, Store, TurnEnd
from chatbot.turn.answer import Answer, Found, citation
from chatbot.turn.decide import Verdict, answerability, decide
from chatbot.turn.events import Citation, Decision, Done, Event, Failed, Sources, Status, Text
from chatbot.turn.message import Message
from chatbot.turn.prompt import build_messages
from chatbot.turn.query import asks_again
from chatbot.turn.quote import rank_sentences
from chatbot.turn.search import NOTHING, Withheld, search
from chatbot.turn.templates import Templates
from chatbot.turn.understand import Reading, understand
from retrieval.index import Index
from retrieval.search.hits import Hit

INTERRUPTED = "The reply was interrupted by a fault of the language model; please ask again in a moment."


@dataclass(slots=True)
class _Clock:
    """Seconds by step, each counted from the end of the one before."""

    started: float = field(default_factory=time.perf_counter)
    timings: dict[str, float] = field(default_factory=dict)

    def mark(self, step: str) -> None:
        spent = sum(seconds for name, seconds in self.timings.items() if name != "total")
        self.timings[step] = round(time.perf_counter() - self.started - spent, 4)

    def stop(self) -> dict[str, float]:
        return self.timings | {"total": round(time.perf_counter() - self.started, 4)}


class Chat:
    """Answers customers. Safe for many conversations at once; one conversation is answered in order."""

    def __init__(self, index: Index, engine: Engine, store: Store, settings: Settings) -> None:
        self.index = index
        self.engine = engine
        self.store = store
        self.settings = settings
        self.templates = Templates.open(settings.home)

    def new_conversation(self, channel: str, language: str | None = None) -> str:
        """Begin a conversation; returns its id."""
        return self.store.new_conversation(channel, language)

    def give_feedback(self, turn_id: str, rating: Literal[1, -1], comment: str = "") -> None:
        """Keep what the customer thought of a turn. Raises UnknownTurn."""
        self.store.record_feedback(turn_id, rating, comment)

    def correct(self, turn_id: str, text: str, author: str = "") -> None:
        """Keep what a colleague answers to a turn in the bot's place. Raises UnknownTurn or BadMessage."""
        self.store.record_correction(turn_id, text, author)

    async def aclose(self) -> None:
        """Stop the engine and close the store."""
        await self.engine.aclose()
        self.store.close()

    async def reply(
        self,
        conversation_id: str,
        text: str,
        *,
        history: Sequence[Message] | None = None,
        withheld: Withheld | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Answer one message: Sources (when passages were found), Text pieces, then Done or Failed.

        `history` replaces the stored one (the OpenAI endpoint sends its own). `withheld` is what a
        measurement must not find; it stays on one version of the index. Closing the generator stops the model
        and stores the turn as stopped. Raises BadMessage, MessageTooLong and UnknownConversation before the
        first event; a fault after that is the event Failed, and the turn is stored as failed.
        """
        clock = _Clock()
        text = self._checked(text)
        thread = await asyncio.to_thread(self.store.thread, conversation_id)
        past = list(history) if history is not None else thread.history
        reading = understand(text, self.templates)
        if reading.intent == "unclear" and asks_again(past, text):
            reading = replace(reading, intent="question")
        human_owns = thread.owner == "human" and history is None
        asks = reading.intent == "question" and not human_owns
        found = await asyncio.to_thread(self._search, text, past, reading, withheld) if asks else Found()
        clock.mark("search")
        last = thread.last_decision if history is None else ""
        with self.engine.lease(conversation_id) as engine:
            verdict = decide(
                reading,
                found.hits,
                found.near,
                text=text,
                last_decision=last,
                doubted=engine.abstention_prior is not None,
                human_owns=human_owns,
            )
            turn_id = await asyncio.to_thread(
                self._open, conversation_id, text, found.query, found.hits, verdict, reading, engine.model
            )
            answer = Answer(text, found, reading.language, self.templates)
            ending = _Ending(verdict.decision)
            try:
                async for event in self._events(engine, verdict, answer, past, ending, clock):
                    yield event
                ending.status = "done"
            except ChatbotError as error:
                ending.status, ending.error = "failed", str(error)
                yield Failed(INTERRUPTED, error.code)
            finally:
                turn = self.store.close_turn(
                    turn_id,
                    TurnEnd(
                        answer=answer.text,
                        status=ending.status,
                        citations=answer.citations,
                        timings=clock.stop(),
                        decision=ending.decision,
                        error=ending.error,
                    ),
                )
        if turn.status == "done":
            if turn.decision == "handoff":
                await asyncio.to_thread(self.store.set_owner, conversation_id, "human")
            yield Done(turn)

    async def _events(
        self,
        engine: Engine,
        verdict: Verdict,
        answer: Answer,
        past: list[Message],
        ending: "_Ending",
        clock: _Clock,
    ) -> AsyncGenerator[Event, None]:
        if verdict.decision != "answer":
            yield Text(answer.say(verdict.template))
            return
        candidates = [citation(n, passage) for n, passage in enumerate(answer.passages, start=1)]
        yield Sources(candidates, engine.model)
        messages = build_messages(answer.question, past, answer.passages, answer.language)
        prior, tokens = engine.abstention_prior, self.settings.max_tokens
        async with aclosing(engine.stream(messages, tokens, first_tokens=prior is not None)) as generated:
            async for event in generated:
                if "first_token" not in clock.timings:
                    clock.mark("first_token")
                match event:
                    case FirstTokens() if prior:
                        answer.hear(prior.evidence(event, answer.language))
                    case str():
                        for sentence in answer.add(event):
                            yield Text(sentence)
                if answer.complete:
                    break
        clock.mark("generate")
        for sentence in answer.finish():
            yield Text(sentence)
        ending.decision = answer.decision

    def _checked(self, text: str) -> str:
        text = text.encode("utf-8", "replace").decode().strip()  # half a surrogate pair cannot be stored
        if not text:
            raise BadMessage("The message is empty; please type a question.")
        if len(text) > self.settings.max_message:
            raise MessageTooLong(
                f"The message has {len(text):,} characters; at most {self.settings.max_message:,} can be"
                " read. Please shorten it."
            )
        return text

    def _search(
        self, text: str, past: Sequence[Message], reading: Reading, withheld: Withheld | None
    ) -> Found:
        if withheld is None:
            self.index.refresh()
        found = search(self.index, text, past, reading.language, withheld=withheld or NOTHING)
        chance = answerability(found.sources, found.near) if found.sources else 0.0
        answers = [message.content for message in past if message.role == "assistant"]
        sentences = rank_sentences(found.query, found.sources, found.precedents, self.index.likeness, answers)
        return Found(found.sources, found.near, sentences, chance, found.query)

    def _open(
        self,
        conversation_id: str,
        text: str,
        query: str,
        hits: Sequence[Hit],
        verdict: Verdict,
        reading: Reading,
        model: str,
    ) -> str:
        return self.store.open_turn(
            NewTurn(
                conversation_id=conversation_id,
                question=text,
                query=query,
                hits=hits,
                decision=verdict.decision,
                language=reading.language,
                model=model if verdict.decision == "answer" else "",
                index_version=self.index.version,
            )
        )


@dataclass(slots=True)
class _Ending:
    """How the turn will be stored if nothing else happens: whoever leaves early has stopped it."""

    decision: Decision
    status: Status = "stopped"
    error: str = ""


async def collect(events: AsyncGenerator[Event, None]) -> tuple[list[Citation], Done | Failed]:
    """Wait for a whole reply: the candidate sources and the last event."""
    sources: list[Citation] = []
    last: Done | Failed | None = None
    async with aclosing(events) as stream:
        async for event in stream:
            if isinstance(event, Sources):
                sources = event.citations
            elif isinstance(event, Done | Failed):
                last = event
    assert last is not None, "a reply ends with Done or Failed"
    return sources, last


def build_chat(settings: Settings, follow: bool = False) -> Chat:
    """Open the index, the store and the engine of an installation.

    With `follow` the engine moves by itself to each version that is published, as long as no model is set.
    Raises RetrievalError (no index yet), ModelMissing or EngineFailed, each naming what to type.
    """
    share_cores()
    from chatbot.engines.choose import open_engine
    from chatbot.store.sqlite import SqliteStore

    index = open_index(settings)
    store = SqliteStore(settings.database)
    try:
        return Chat(index, open_engine(settings, follow), store, settings)
    except BaseException:
        store.close()
        raise
