"""What the conversation asks of a language model: stream an answer, stop when told, say when it cannot."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing
from typing import Protocol

from chatbot.models.abstention import AbstentionPrior, FirstTokens

ChatMessages = list[dict[str, str]]
Generation = AsyncGenerator[FirstTokens | str, None]


class Engine(Protocol):
    """A chat model that can be stopped.

    `model` is its name and version as traces show it ("default@1f3a..."). `abstention_prior` tells how to
    take the probability with which it begins to say that there is no answer; None when it was never measured.
    """

    @property
    def model(self) -> str: ...

    @property
    def abstention_prior(self) -> AbstentionPrior | None: ...

    def stream(
        self, messages: ChatMessages, max_tokens: int = 256, *, first_tokens: bool = False
    ) -> Generation:
        """Pieces of the answer (greedy, never half a character); closing the iterator stops the generation.

        With `first_tokens`, an engine that knows them gives them once, before the first piece.
        Leave it with `contextlib.aclosing`: a loop that is merely left closes its iterator some time later.
        Raises EngineFailed, before the first piece or between two.
        """
        ...

    def lease(self, conversation_id: str) -> AbstractContextManager[Engine]:
        """One model for a whole reply of this conversation, whatever is published meanwhile."""
        ...

    async def problem(self) -> str:
        """Why it cannot answer now and what to do, in one sentence; "" when it can. For readiness checks."""
        ...

    async def disconnect(self) -> None:
        """Let go of what belongs to the running event loop; the next answer may come in another one."""
        ...

    async def aclose(self) -> None:
        """Give back memory, connections and processes; generations under way end."""
        ...


async def whole_answer(engine: Engine, messages: ChatMessages, max_tokens: int = 256) -> str:
    """The text of one generation, when it has ended. Raises EngineFailed."""
    async with aclosing(engine.stream(messages, max_tokens)) as pieces:
        return "".join([piece async for piece in pieces if isinstance(piece, str)])
