"""What the conversation asks of a language model: stream an answer, stop when told, say when it cannot."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

ChatMessages = list[dict[str, str]]


class Engine(Protocol):
    """A chat model that can be stopped.

    `model` is its name and version as traces show it ("default@1f3a...").
    """

    @property
    def model(self) -> str: ...

    def stream(self, messages: ChatMessages, max_tokens: int = 256) -> AsyncGenerator[str, None]:
        """Pieces of the answer (greedy, never half a character); closing the iterator stops the generation.

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
