"""A reply that runs in a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from chatbot.errors import BadMessage
from chatbot.turn.events import Event, Text
from ui.reply import Reply, _running, stop_all


class Script:
    """Events with a pause between them; notes when its book-keeping, which takes a while, is complete."""

    def __init__(self, pieces: int, pause: float = 0.0, fails: bool = False) -> None:
        self.pieces, self.pause, self.fails = pieces, pause, fails
        self.written = False

    async def events(self) -> AsyncGenerator[Event, None]:
        try:
            for n in range(self.pieces):
                await asyncio.sleep(self.pause)
                yield Text(str(n))
            if self.fails:
                raise BadMessage("This was no good.")
        finally:
            await asyncio.sleep(0.01)
            self.written = True


def test_every_event_comes_and_the_end_stays_the_end() -> None:
    async def main() -> None:
        reply = Reply(Script(3).events())
        assert [event.piece async for event in reply] == ["0", "1", "2"]
        assert [event async for event in reply] == []
        await asyncio.sleep(0)
        assert not _running

    asyncio.run(main())


def test_an_error_is_raised_after_the_events_before_it() -> None:
    async def main() -> None:
        reply = Reply(Script(1, fails=True).events())
        assert (await anext(reply)).piece == "0"
        with pytest.raises(BadMessage):
            await anext(reply)

    asyncio.run(main())


def test_stopping_ends_the_iteration_when_the_books_are_written() -> None:
    async def main() -> None:
        script = Script(100, pause=0.01)
        reply = Reply(script.events())
        got = []
        async for event in reply:
            got.append(event)
            await asyncio.to_thread(reply.stop)
        assert 1 <= len(got) < 5
        assert script.written

    asyncio.run(main())


def test_a_cancelled_reader_does_not_cut_off_the_books() -> None:
    async def main() -> None:
        script = Script(100, pause=0.01)
        reply = Reply(script.events())

        async def read() -> None:
            try:
                async for _ in reply:
                    pass
            finally:
                reply.stop()

        reader = asyncio.create_task(read())
        await asyncio.sleep(0.03)
        reader.cancel()
        await asyncio.wait([reader])
        await reply.ended()
        assert script.written

    asyncio.run(main())


def test_all_replies_are_stopped_together() -> None:
    async def main() -> None:
        scripts = [Script(100, pause=1) for _ in range(3)]
        replies = [Reply(script.events()) for script in scripts]
        await asyncio.sleep(0.01)
        assert len(_running) == 3
        await stop_all()
        assert all(script.written for script in scripts)
        assert [event async for event in replies[0]] == []

    asyncio.run(main())
