"""When the client, or the server, goes before the reply is complete."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from chatbot.turn.events import Done, Event, Failed
from ui.reply import Reply

STOPPED = Failed("The server is stopping, so the reply is not complete; ask again in a moment.", "stopped")


@asynccontextmanager
async def stopping_when_gone(request: Request, reply: Reply) -> AsyncIterator[None]:
    """While inside, a client that hangs up stops the reply; streaming responses watch for that themselves."""
    watch = asyncio.create_task(_watch(request, reply))
    try:
        yield
    finally:
        watch.cancel()


async def to_the_end(reply: Reply) -> AsyncIterator[Event]:
    """The events with Done or Failed as the last: half an answer must not pass for a whole one."""
    event: Event | None = None
    async for event in reply:
        yield event
    if not isinstance(event, Done | Failed):
        yield STOPPED


async def _watch(request: Request, reply: Reply) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    reply.stop()
