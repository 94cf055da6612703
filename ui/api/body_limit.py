"""Refuse request bodies that are too large, before they are in memory, in the form of all our errors.

Starlette 1.10 has a RequestBodyLimitMiddleware, but it answers a declared size with plain text, whatever the
app's handlers would say, and lets a body without one flow on as long as the client likes (300 MB measured).
"""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LIMIT = 256 * 1024  # bytes; a conversation of a hundred long messages fits
DRAIN = 4 * 1024 * 1024  # bytes read and dropped: most clients read the answer only after sending their body


class BodyLimit:
    """Plain ASGI, because BaseHTTPMiddleware costs streaming responses a third of their speed."""

    def __init__(self, app: ASGIApp, limit: int = LIMIT) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        size = headers.get(b"content-length", b"")
        if size.isdigit() and int(size) > self.limit:
            if b"expect" not in headers:
                await _drain(receive, min(int(size), DRAIN))
            await _refuse(self.limit, scope, receive, send)
        elif b"transfer-encoding" in headers:
            await self._unsized(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _unsized(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A body whose size nobody told: read to its end, or until it is too large."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self.limit:
                await _drain(receive, DRAIN)
                await _refuse(self.limit, scope, receive, send)
                return
            if not message.get("more_body", False):
                break
        await self.app(scope, _replay(body, receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


async def _drain(receive: Receive, size: int) -> None:
    while size > 0:
        message = await receive()
        size -= len(message.get("body", b""))
        if not message.get("more_body", False):
            return


async def _refuse(limit: int, scope: Scope, receive: Receive, send: Send) -> None:
    message = f"The request is larger than {limit // 1024} KiB; send a shorter message."
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": "request_too_large"}
    await JSONResponse({"error": error}, 413, {"Connection": "close"})(scope, receive, send)
