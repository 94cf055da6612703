"""The engine that answers with our own vLLM server and knows how it is doing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from chatbot.engine import ChatMessages
from chatbot.engines.openai_server import OpenAIEngine
from chatbot.engines.vllm_process import VllmProcess
from chatbot.errors import EngineFailed


class VllmEngine:
    """Takes over a started process: closing the engine stops it."""

    def __init__(self, process: VllmProcess) -> None:
        self.process = process
        self.model = process.folder.label
        self._server = OpenAIEngine(process.base_url, process.folder.name)

    async def stream(self, messages: ChatMessages, max_tokens: int = 256) -> AsyncGenerator[str, None]:
        """Pieces of the answer. Raises EngineFailed, at once while the server is being started again."""
        if self.process.problem:
            raise EngineFailed(self.process.problem)
        self._server.base_url = self.process.base_url  # a server that was started again has another port
        async with aclosing(self._server.stream(messages, max_tokens)) as pieces:
            try:
                async for piece in pieces:
                    yield piece
            except EngineFailed as error:
                if not await self._server.problem():
                    raise
                raise EngineFailed(
                    "The model server died during the answer; ask again in a minute."
                ) from error

    async def problem(self) -> str:
        """What the watching thread knows; "" when the server answers."""
        return self.process.problem

    async def aclose(self) -> None:
        """Close the connections and stop the server."""
        await self._server.aclose()
        await asyncio.to_thread(self.process.stop)
