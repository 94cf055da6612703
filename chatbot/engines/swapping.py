"""The engine that follows what is published: running replies end on the old model, new ones begin anew."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from chatbot.engine import ChatMessages, Engine, Generation
from chatbot.engines.parity import check
from chatbot.errors import ChatbotError
from chatbot.models.abstention import AbstentionPrior
from chatbot.models.folders import ModelFolder, published_model
from chatbot.models.publication import Publication, Published, in_share, read_publication, record, rollback

POLL_SECONDS = 0.5  # between two looks at the pointer
DRAIN_SECONDS = 900.0  # a reply that is still open then belongs to a customer who stopped reading
CLOSE_SECONDS = 60.0

# How a version can be loaded, the preferred way first; each blocks.
Ways = Callable[[ModelFolder], Sequence[Callable[[], Engine]]]
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Loaded:
    """One model version in service, with the number of replies that run on it."""

    published: Published | None
    engine: Engine
    replies: int = 0
    retired: float = 0.0  # when it stopped taking new replies


class SwappingEngine:
    """Serves the published version, and a canary beside it, of an installation.

    `ways` says how to make an engine of a model folder; this happens in the watching thread while the old
    engine answers. A version takes over only after its probes came out as in training; one for which no way
    leads there is taken back (`rollback`), which the history records. Construction loads the first version.
    Raises ModelMissing or EngineFailed when not even the version before can be loaded.
    """

    def __init__(self, home: Path, ways: Ways, stop_loading: Callable[[], None] = lambda: None) -> None:
        self._home = home
        self._ways = ways
        self._stop_loading = stop_loading
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._retired: list[_Loaded] = []
        self._canary: _Loaded | None = None
        self._share = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None  # of the replies: connections belong to it
        self._current = self._first()
        self._thread = threading.Thread(target=self._watch, name="publications", daemon=True)
        self._thread.start()

    @property
    def model(self) -> str:
        """The label of the version that new conversations get."""
        return self._current.engine.model

    @property
    def canary(self) -> str:
        """The label of the version that a share of the conversations gets; "" without one."""
        canary = self._canary
        return canary.engine.model if canary else ""

    @property
    def draining(self) -> int:
        """How many replaced versions still write replies."""
        return len(self._retired)

    @contextmanager
    def lease(self, conversation_id: str) -> Iterator[Engine]:
        """The engine for one reply of a conversation, which stays open until the reply has ended."""
        self._loop = asyncio.get_running_loop()
        with self._lock:
            chosen = self._choose(conversation_id)
            chosen.replies += 1
        try:
            yield chosen.engine
        finally:
            with self._lock:
                chosen.replies -= 1

    @property
    def abstention_prior(self) -> AbstentionPrior | None:
        """That of the version that new conversations get."""
        return self._current.engine.abstention_prior

    async def stream(
        self, messages: ChatMessages, max_tokens: int = 256, *, first_tokens: bool = False
    ) -> Generation:
        """Pieces of the answer, all from one version. Raises EngineFailed."""
        with self.lease("") as engine:
            async with aclosing(engine.stream(messages, max_tokens, first_tokens=first_tokens)) as pieces:
                async for piece in pieces:
                    yield piece

    async def problem(self) -> str:
        """That of the version in service; a version that is being loaded is none."""
        return await self._current.engine.problem()

    async def disconnect(self) -> None:
        """That of each version in service."""
        for loaded in (self._current, self._canary):
            if loaded:
                await loaded.engine.disconnect()

    async def aclose(self) -> None:
        """Stop watching, loading and answering."""
        self._stopping.set()
        await asyncio.to_thread(self._stop_loading)
        await asyncio.to_thread(self._thread.join)
        for loaded in [self._current, self._canary, *self._retired]:
            if loaded:
                await loaded.engine.aclose()

    def _choose(self, conversation_id: str) -> _Loaded:
        canary = self._canary
        if canary and canary.published and in_share(conversation_id, canary.published, self._share):
            return canary
        return self._current

    def _first(self) -> _Loaded:
        """The published version; where it fails, what was published before it."""
        while True:
            published = read_publication(self._home).current
            try:
                return self._open(published)
            except ChatbotError as error:
                if not published:
                    raise
                self._take_back(published, error)

    def _watch(self) -> None:
        seen = now = Publication(self._current.published)
        trouble = ""
        while not self._stopping.is_set():
            try:
                now = read_publication(self._home)
                if now != seen:
                    self._follow(now)
                    seen = now
                self._release()
                trouble = ""
            except Exception as error:  # a thread that ended would keep the server on its model for ever
                seen = now
                if str(error) != trouble:
                    log.exception("A publication could not be followed; the server keeps its model.")
                trouble = str(error)
            self._stopping.wait(POLL_SECONDS)

    def _follow(self, now: Publication) -> None:
        """Bring current and canary to what is published; what is served already is not loaded again."""
        if now.current != self._current.published and (loaded := self._try(now.current)):
            self._swap(loaded, self._canary, self._share)
        served = self._canary.published if self._canary else None
        if now.canary == served:
            self._share = now.share
        elif not now.canary:
            self._swap(self._current, None, 0.0)
        elif loaded := self._try(now.canary):
            self._swap(self._current, loaded, now.share)

    def _try(self, published: Published | None) -> _Loaded | None:
        """The version loaded and checked, or None after it was taken back."""
        if self._canary and published == self._canary.published:
            return self._canary  # a canary becomes the current one: it is running and checked
        try:
            return self._open(published)
        except ChatbotError as error:
            if published and not self._stopping.is_set():
                self._take_back(published, error)
            return None

    def _open(self, published: Published | None) -> _Loaded:
        started = time.monotonic()
        folder = published_model(published, self._home)
        if not published:
            return _Loaded(None, self._ways(folder)[0]())
        engine, probes = self._checked(folder)
        seconds = round(time.monotonic() - started, 1)
        record(self._home, action="serve", **asdict(published), probes=probes, seconds=seconds)
        return _Loaded(published, engine)

    def _checked(self, folder: ModelFolder) -> tuple[Engine, int]:
        """An engine that reproduces all probes, and their number. Raises the error of the last way."""
        *others, last = self._ways(folder)
        for way in others:
            try:
                return _load(way, folder)
            except ChatbotError as error:
                log.warning("%s is tried in another way: %s", folder.label, error)
        return _load(last, folder)

    def _swap(self, current: _Loaded, canary: _Loaded | None, share: float) -> None:
        with self._lock:
            before = [self._current, self._canary]
            self._current, self._canary, self._share = current, canary, share
            for loaded in before:
                if loaded and loaded is not current and loaded is not canary:
                    loaded.retired = time.monotonic()
                    self._retired.append(loaded)

    def _release(self) -> None:
        """Close the replaced engines that nobody uses any more."""
        late = time.monotonic() - DRAIN_SECONDS
        with self._lock:
            done = [old for old in self._retired if not old.replies or old.retired < late]
        for old in done:
            self._retired.remove(old)
            self._close(old.engine)

    def _close(self, engine: Engine) -> None:
        """In the loop that its connections belong to, if one is running."""
        loop = self._loop
        if loop and loop.is_running():
            asyncio.run_coroutine_threadsafe(engine.aclose(), loop).result(CLOSE_SECONDS)
        else:
            asyncio.run(engine.aclose())

    def _take_back(self, published: Published, error: Exception) -> None:
        log.error("%s is not served, the version before it stays: %s", published.folder, error)
        rollback(self._home, only=published, by="server", reason=str(error))


def _load(way: Callable[[], Engine], folder: ModelFolder) -> tuple[Engine, int]:
    engine = way()
    try:
        return engine, asyncio.run(check(engine, folder))
    except BaseException:
        asyncio.run(engine.aclose())
        raise
