"""What the conversation asks of a language model: stream an answer, stop when told, say when it cannot."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from chatbot.models.abstention import Doubt, Opening

ChatMessages = list[dict[str, str]]
Hear = Callable[[Opening], None]


class Engine(Protocol):
    """A chat model that can be stopped.

    `model` is its name and version as traces show it ("default@1f3a..."). `doubt` tells how to take the
    probability with which it begins to say that there is no answer; None when that was never measured.
    """

    @property
    def model(self) -> str: ...

    @property
    def doubt(self) -> Doubt | None: ...

    def stream(
        self, messages: ChatMessages, max_tokens: int = 256, hear: Hear | None = None
    ) -> AsyncGenerator[str, None]:
        """Pieces of the answer (greedy, never half a character); closing the iterator stops the generation.

        `hear` is told once, before the first piece, the likeliest first tokens, by an engine that knows them.
        Leave it with `contextlib.aclosing`: a loop that is merely left closes its iterator some time later.
        Raises EngineFailed, before the first piece or between two.
        """
        ...

    async def problem(self) -> str:
        """Why it cannot answer now and what to do, in one sentence; "" when it can. For readiness checks."""
        ...

    async def aclose(self) -> None:
        """Give back memory, connections and processes; generations under way end."""
        ...
