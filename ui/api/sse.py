"""Server-Sent Events on the wire (WHATWG HTML, section 9.2), written by FastAPI's own formatter."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from starlette.types import Receive, Scope, Send

from ui.reply import Reply

PING = 15.0  # seconds; a model may think for two minutes, and nginx cuts a stream that is silent for one
# Proxies (nginx) otherwise keep a stream back until their buffer is full.
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


def event(data: object, name: str | None = None) -> bytes:
    """One event; `data` goes as one line of JSON."""
    return format_sse_event(data_str=json.dumps(data, ensure_ascii=False), event=name)


class ReplyStream(EventSourceResponse):
    """A reply sent as it comes, with a ping where nothing comes for so long; a client that leaves stops it.

    FastAPI pings by itself only on routes that are generators: those cannot choose between a stream and one
    JSON object by what the client asks for, and have sent their status before the first event.
    """

    def __init__(self, events: AsyncIterator[bytes], reply: Reply, ping: float = PING) -> None:
        super().__init__(pinging(events, ping), headers=_HEADERS)
        self._reply = reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._reply.stop()


async def pinging(events: AsyncIterator[bytes], every: float) -> AsyncGenerator[bytes, None]:
    """The events, and a comment that clients pass over whenever none has come for `every` seconds."""
    coming = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            await asyncio.wait([coming], timeout=every)
            if not coming.done():
                yield KEEPALIVE_COMMENT
                continue
            found = coming.result()
            if found is None:
                return
            yield found
            coming = asyncio.ensure_future(anext(events, None))
    finally:
        coming.cancel()
