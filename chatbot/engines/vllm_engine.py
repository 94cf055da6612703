"""The engine that answers with our own vLLM server and knows how it is doing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, aclosing, nullcontext

from chatbot.engine import ChatMessages, Engine, Generation
from chatbot.engines.openai_server import OpenAIEngine
from chatbot.engines.vllm_process import VllmProcess
from chatbot.errors import EngineFailed
from chatbot.models.abstention import read_abstention_prior


class VllmEngine:
    """Takes over a started process: closing the engine stops it, or does what `release` does instead.

    `served` is the name that the server knows and `label` the one in traces, if not the process's own.
    """

    def __init__(
        self,
        process: VllmProcess,
        served: str = "",
        label: str = "",
        release: Callable[[], None] | None = None,
    ) -> None:
        self.process = process
        self.model = label or process.folder.label
        self.abstention_prior = read_abstention_prior(process.folder)
        self.served = served or process.folder.name
        self._release = release or process.stop
        self._server = OpenAIEngine(process.base_url, self.served)

    async def stream(
        self, messages: ChatMessages, max_tokens: int = 256, *, first_tokens: bool = False
    ) -> Generation:
        """Pieces of the answer. Raises EngineFailed, at once while the server is being started again."""
        if self.process.problem:
            raise EngineFailed(self.process.problem)
        self._server.base_url = self.process.base_url  # a server that was started again has another port
        async with aclosing(self._server.stream(messages, max_tokens, first_tokens=first_tokens)) as pieces:
            try:
                async for piece in pieces:
                    yield piece
            except EngineFailed as error:
                if not await self._server.problem():
                    raise
                raise EngineFailed(
                    "The model server died during the answer; ask again in a minute."
                ) from error

    def lease(self, conversation_id: str) -> AbstractContextManager[Engine]:
        """Itself: there is one model."""
        return nullcontext(self)

    async def problem(self) -> str:
        """What the watching thread knows; "" when the server answers."""
        return self.process.problem

    async def disconnect(self) -> None:
        """Close the connections, which belong to one event loop; the next answer opens others in its own."""
        await self._server.disconnect()

    async def aclose(self) -> None:
        """Close the connections and stop the server, or give back what it has loaded for this engine."""
        await self._server.disconnect()
        await asyncio.to_thread(self._release)
