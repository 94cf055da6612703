"""Hot swap: running replies end on the old model, new ones begin on the new, a faulty one is taken back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chatbot.app import Chat, collect
from chatbot.engine import whole_answer
from chatbot.engines import swapping
from chatbot.engines.scripted import ScriptedEngine
from chatbot.engines.swapping import SwappingEngine
from chatbot.errors import EngineFailed, ModelMissing
from chatbot.models import publication
from chatbot.models.folders import ModelFolder
from chatbot.models.publication import Published, in_share, read_publication
from chatbot.settings import load_settings
from chatbot.store.sqlite import SqliteStore
from chatbot.turn.events import Done
from retrieval.index import Index
from retrieval.ingest import ingest
from tests.retrieval.hashing import HashingEmbedder

HELLO = [{"role": "user", "content": "hello"}]
PROBE = [{"role": "user", "content": "probe"}]


class Named(ScriptedEngine):
    """Says its model's name, over and over; a probe gets what the folder's file `says` has."""

    def __init__(self, folder: ModelFolder) -> None:
        says = (folder.path / "says").read_text()
        super().__init__(lambda m: says if m == PROBE else " ".join([folder.name] * 6), delay=0.01)
        self.model = folder.label
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True


class Shop:
    """A home with made-up versions; keeps every engine that was made."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.made: list[Named] = []

    def version(self, name: str, says: str = "as trained", probes: bool = True) -> Published:
        folder = self.home / "models" / name
        folder.mkdir(parents=True)
        (folder / "says").write_text(says)
        if probes:
            rows = [{"messages": PROBE, "tokens": [1, 2, 3], "text": "as trained"}]
            (folder / "probes.json").write_text(json.dumps(rows))
        (folder / "manifest.json").write_text(json.dumps({"name": name, "version": f"{name}1"}))
        return Published(name, f"{name}1")

    def ways(self, folder: ModelFolder) -> list[Callable[[], Named]]:
        def make() -> Named:
            if (folder.path / "says").read_text() == "broken":
                raise EngineFailed("The weights are upside down.")
            self.made.append(Named(folder))
            return self.made[-1]

        return [make]

    def engine(self) -> SwappingEngine:
        return SwappingEngine(self.home, self.ways)

    def actions(self) -> list[tuple[str, str]]:
        return [(row["action"], row.get("folder", "")) for row in publication.history(self.home)]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(swapping, "POLL_SECONDS", 0.01)
    shop = Shop(tmp_path)
    publication.publish(tmp_path, shop.version("one"))
    return shop


async def say(engine: SwappingEngine, conversation: str = "") -> str:
    with engine.lease(conversation) as held:
        return await whole_answer(held, HELLO)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - another thread makes it true
            await asyncio.sleep(0.01)


def test_a_running_reply_ends_on_the_old_model_and_the_next_begins_on_the_new(shop: Shop) -> None:
    async def visit() -> None:
        engine = await asyncio.to_thread(shop.engine)
        with engine.lease("c") as held:
            stream = held.stream(HELLO)
            said = await anext(stream)
            publication.publish(shop.home, shop.version("two"))
            await until(lambda: engine.model == "two@two1")
            assert await say(engine) == " ".join(["two"] * 6)
            await asyncio.sleep(0.1)
            assert engine.draining == 1
            assert not shop.made[0].closed, "it is still writing"
            async for piece in stream:
                said += piece
        assert said == " ".join(["one"] * 6)
        await until(lambda: shop.made[0].closed)
        assert engine.draining == 0
        await engine.aclose()
        assert shop.made[1].closed

    asyncio.run(visit())
    assert shop.actions() == [("publish", "one"), ("serve", "one"), ("publish", "two"), ("serve", "two")]


def test_eight_streams_and_many_swaps_lose_and_mix_nothing(shop: Shop) -> None:
    versions = [Published("one", "one1"), shop.version("two")]

    async def visit() -> list[str]:
        engine = await asyncio.to_thread(shop.engine)
        done = asyncio.Event()
        said: list[str] = []

        async def customer(n: int) -> None:
            while not done.is_set():
                said.append(await say(engine, f"c{n}"))

        customers = [asyncio.create_task(customer(n)) for n in range(8)]
        for n in range(20):
            version = versions[(n + 1) % 2]
            await asyncio.to_thread(publication.publish, shop.home, version)
            before = len(said)
            await until(
                lambda version=version, before=before: " ".join([version.folder] * 6) in said[before:]
            )
        done.set()
        await asyncio.gather(*customers)
        await until(lambda: engine.draining == 0)
        assert [made.closed for made in shop.made] == [True] * 20 + [False]
        await engine.aclose()
        return said

    said = asyncio.run(visit())
    assert set(said) == {" ".join(["one"] * 6), " ".join(["two"] * 6)}


@pytest.mark.parametrize(("says", "why"), [("something else", "where training gave"), ("broken", "upside")])
def test_a_version_that_fails_is_taken_back_and_no_customer_sees_it(shop: Shop, says: str, why: str) -> None:
    async def visit() -> None:
        engine = await asyncio.to_thread(shop.engine)
        publication.publish(shop.home, shop.version("two", says))
        await until(lambda: ("rollback", "") in shop.actions())
        assert await say(engine) == " ".join(["one"] * 6)
        assert engine.model == "one@one1"
        await engine.aclose()

    asyncio.run(visit())
    assert read_publication(shop.home).current == Published("one", "one1")
    last = publication.history(shop.home)[-1]
    assert last["by"] == "server"
    assert why in last["reason"]
    assert all(made.closed for made in shop.made)


def test_another_way_is_tried_before_it_is_taken_back(shop: Shop) -> None:
    wrong = ModelFolder(shop.home / "models" / "wrong", "wrong", "wrong1")
    shop.version("wrong", "rounded in another way")
    engine = SwappingEngine(shop.home, lambda folder: [*shop.ways(wrong), *shop.ways(folder)])
    asyncio.run(engine.aclose())
    assert engine.model == "one@one1"
    assert [made.model for made in shop.made] == ["wrong@wrong1", "one@one1"]
    assert shop.made[0].closed


def test_a_server_that_starts_with_a_faulty_version_begins_with_the_one_before(shop: Shop) -> None:
    publication.publish(shop.home, shop.version("two", "something else"))
    engine = shop.engine()
    assert engine.model == "one@one1"
    assert read_publication(shop.home).current == Published("one", "one1")
    asyncio.run(engine.aclose())


def test_a_server_that_starts_with_a_faulty_version_beside_a_canary(shop: Shop) -> None:
    publication.publish(shop.home, shop.version("two", "something else"))
    publication.start_canary(shop.home, shop.version("three"), 0.5)
    engine = shop.engine()
    assert engine.model == "one@one1"
    asyncio.run(engine.aclose())


def test_without_any_version_that_works_it_says_why(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(home: Path) -> ModelFolder:
        raise ModelMissing("There is no default.")

    monkeypatch.setattr("chatbot.models.folders._default_model", missing)
    (shop.home / "models" / "one" / "says").write_text("broken")
    with pytest.raises(ModelMissing, match="no default"):
        shop.engine()


def test_a_canary_gets_its_share_of_conversations_and_then_everybody(shop: Shop) -> None:
    two = shop.version("two")
    names = [f"c{n}" for n in range(40)]

    async def visit() -> None:
        engine = await asyncio.to_thread(shop.engine)
        publication.start_canary(shop.home, two, 0.4)
        await until(lambda: engine.canary)
        for name in names:
            with engine.lease(name) as held:
                assert held.model == ("two@two1" if in_share(name, two, 0.4) else "one@one1")
        publication.publish(shop.home, two)
        await until(lambda: engine.model == "two@two1" and not engine.canary)
        assert len(shop.made) == 2, "the canary is promoted, not loaded again"
        await until(lambda: shop.made[0].closed)
        assert not shop.made[1].closed
        await engine.aclose()

    asyncio.run(visit())


def test_a_canary_is_taken_back(shop: Shop) -> None:
    async def visit() -> None:
        engine = await asyncio.to_thread(shop.engine)
        publication.start_canary(shop.home, shop.version("two"), 0.9)
        await until(lambda: engine.canary)
        publication.rollback(shop.home)
        await until(lambda: not engine.canary and shop.made[1].closed)
        assert engine.model == "one@one1"
        await engine.aclose()

    asyncio.run(visit())


def test_closing_during_a_check_takes_nothing_back(shop: Shop) -> None:
    two = shop.version("two")

    async def visit() -> None:
        def stop() -> None:
            shop.made[-1].fail_after = 0

        engine = await asyncio.to_thread(SwappingEngine, shop.home, shop.ways, stop)
        publication.publish(shop.home, two)
        await until(lambda: len(shop.made) == 2)
        await engine.aclose()
        assert all(made.closed for made in shop.made)

    asyncio.run(visit())
    assert read_publication(shop.home).current == two
    assert "rollback" not in dict(shop.actions())


def test_a_damaged_pointer_keeps_the_model_until_it_is_mended(shop: Shop) -> None:
    async def visit() -> None:
        engine = await asyncio.to_thread(shop.engine)
        pointer = shop.home / "models" / "published.json"
        good = pointer.read_text()
        pointer.write_text("{")
        await asyncio.sleep(0.1)
        assert await say(engine) == " ".join(["one"] * 6)
        pointer.write_text(good)
        publication.publish(shop.home, shop.version("two"))
        await until(lambda: engine.model == "two@two1")
        await engine.aclose()

    asyncio.run(visit())


def test_a_turn_names_the_version_that_wrote_it(shop: Shop, tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "refunds.md").write_text("# Refunds\n\nA refund reaches you within 5 business days.\n")
    ingest([articles], tmp_path / "index", HashingEmbedder())
    settings = load_settings(home=tmp_path)

    async def visit() -> list[str]:
        engine = await asyncio.to_thread(shop.engine)
        chat = Chat(
            Index.open(settings.index, HashingEmbedder()), engine, SqliteStore(settings.database), settings
        )
        question = "How many business days until a refund reaches me?"

        async def ask() -> str:
            _, last = await collect(chat.reply(chat.new_conversation("test"), question))
            assert isinstance(last, Done)
            return last.turn.model

        models = [await ask()]
        running = asyncio.create_task(ask())
        await until(lambda: len(shop.made[0].requests) == 3)  # a probe and two questions
        publication.publish(shop.home, shop.version("two"))
        await until(lambda: engine.model == "two@two1")
        models += [await running, await ask()]
        await chat.aclose()
        return models

    assert asyncio.run(visit()) == ["one@one1", "one@one1", "two@two1"]
