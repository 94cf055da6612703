"""A scripted engine: says what it is told to, so that a conversation can be tested without a model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

from chatbot.engine import ChatMessages, Engine, Generation
from chatbot.errors import EngineFailed
from chatbot.models.abstention import AbstentionPrior, FirstTokens

Script = Iterable[str] | Callable[[ChatMessages], str]


class ScriptedEngine:
    """Replies from a list, in order and then over again, or from a function of the messages.

    `delay` is in seconds before each piece; `fail_after` pieces the engine breaks with EngineFailed.
    `trouble` is what `problem` answers; `abstention_prior` and `first` may be set to what it tells of a first
    token.
    It keeps what happened: `requests` (the messages of each generation), `finished` and `cancelled` counts.
    """

    model = "scripted@1"

    def __init__(
        self, replies: Script = ("All right [1].",), delay: float = 0.0, fail_after: int | None = None
    ) -> None:
        self._function = replies if callable(replies) else None
        self._replies = [] if callable(replies) else list(replies)
        self.delay = delay
        self.fail_after = fail_after
        self.trouble = ""
        self.abstention_prior: AbstentionPrior | None = None
        self.first: FirstTokens | None = None
        self.requests: list[ChatMessages] = []
        self.finished = 0
        self.cancelled = 0

    @property
    def generations(self) -> int:
        """How many generations were started."""
        return len(self.requests)

    async def stream(
        self, messages: ChatMessages, max_tokens: int = 256, *, first_tokens: bool = False
    ) -> Generation:
        """The scripted reply in pieces of one word with the space before it, `max_tokens` pieces at most."""
        reply = self._next_reply(messages)
        self.requests.append(messages)
        try:
            if first_tokens and self.first:
                yield self.first
            for n, piece in enumerate(_pieces(reply)[:max_tokens]):
                await asyncio.sleep(self.delay)
                if n == self.fail_after:
                    raise EngineFailed("The scripted model stopped, as it was told to; ask again.")
                yield piece
        except (GeneratorExit, asyncio.CancelledError):
            self.cancelled += 1
            raise
        self.finished += 1

    def _next_reply(self, messages: ChatMessages) -> str:
        if self._function:
            return self._function(messages)
        return self._replies[len(self.requests) % len(self._replies)]

    def lease(self, conversation_id: str) -> AbstractContextManager[Engine]:
        """Itself: there is one model."""
        return nullcontext(self)

    async def problem(self) -> str:
        """`trouble`, which a test may set."""
        return self.trouble

    async def disconnect(self) -> None:
        """Nothing is connected."""

    async def aclose(self) -> None:
        """Nothing to give back."""


def _pieces(reply: str) -> list[str]:
    """Words with the space before them: Chinese, which has no spaces, comes in one piece a clause."""
    pieces: list[str] = []
    start = 0
    for position, character in enumerate(reply):
        if position > start and (character.isspace() or reply[position - 1] in "，。！？；"):
            pieces.append(reply[start:position])
            start = position
    return [*pieces, reply[start:]] if reply[start:] else pieces
