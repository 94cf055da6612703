"""A running reply: it lives in a task of its own, so that leaving it never cuts off its book-keeping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from chatbot.turn.events import Event

_running: set[Reply] = set()


class Reply:
    """The events of one reply, to be iterated once.

    A web server cancels the whole scope of a request whose client has left, and with it every `await` in
    there, also those that write down how the turn ended. Here only this task is cancelled, once, and the
    iteration ends when the turn is on disk. An error of the reply is raised where it is iterated.
    """

    def __init__(self, events: AsyncGenerator[Event, None]) -> None:
        self._events = events
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._pump())
        _running.add(self)
        self._task.add_done_callback(self._over)

    def __aiter__(self) -> Reply:
        return self

    async def __anext__(self) -> Event:
        event = await self._queue.get()
        if event is not None:
            return event
        self._queue.put_nowait(None)  # so that asking again ends again
        with suppress(asyncio.CancelledError):
            await self._task
        raise StopAsyncIteration

    def stop(self) -> None:
        """End the reply, from any thread; its turn is written down as stopped. Idle when it is over."""
        if not self._task.done():
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    async def ended(self) -> None:
        """Wait until the reply is over, whatever its end was."""
        await asyncio.wait([self._task])

    async def _pump(self) -> None:
        try:
            async with aclosing(self._events):
                async for event in self._events:
                    self._queue.put_nowait(event)
        finally:
            self._queue.put_nowait(None)

    def _over(self, task: asyncio.Task[None]) -> None:
        _running.discard(self)
        if not task.cancelled():
            task.exception()  # looked at, so that a reply nobody waits for any more does not warn


async def stop_all() -> None:
    """Stop every running reply and wait until their turns are written, for a server that goes down."""
    replies = list(_running)
    for reply in replies:
        reply.stop()
    for reply in replies:
        await reply.ended()
