"""Server-Sent Events on the wire (WHATWG HTML, section 9.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ui.reply import Reply


def event(data: str, name: str = "") -> str:
    """One event; `data` is a line of JSON."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {data}\n\n"


class ReplyStream(StreamingResponse):
    """A reply sent as it comes; a client that leaves stops it."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[str], reply: Reply) -> None:
        # Proxies (nginx) otherwise keep a stream back until their buffer is full.
        super().__init__(events, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._reply = reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._reply.stop()
