"""A small shop for the faces: real chat, index and store, and a model that says what the script says."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from chatbot.app import Chat
from chatbot.engines.scripted import ScriptedEngine
from chatbot.settings import Settings, load_settings
from chatbot.store.sqlite import SqliteStore
from retrieval.index import Index
from retrieval.ingest import ingest
from tests.retrieval.hashing import HashingEmbedder
from ui.serve import listen, server

QUESTION = "How many days do I have to return an item?"
ANSWER = "You can return most items within 30 days of delivery. [1] The item must be unused. [1]"
ARTICLES = {
    "returns.md": "---\ntitle: Returning an item\nurl: https://shop.example/returns\n---\n\n"
    "# Returning an item\n\nYou have 30 days to return an item. "
    "You can return most items within 30 days of delivery. "
    "The item must be unused.\n",
    "delivery.md": "---\ntitle: Delivery\nurl: javascript:alert(1)\n---\n\n# Delivery\n\n## Cost\n\n"
    "The cost of delivery is 5 euros. <img src=x onerror=window.hacked=1>\n",
    "tuihuo.md": "---\ntitle: 退货期限\nurl: https://shop.example/zh/returns\n---\n\n# 退货期限\n\n"
    "签收后30天内可以退货。商品必须没有使用过。\n",
}


@pytest.fixture(scope="session")
def articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("articles")
    for name, text in ARTICLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def index_folder(articles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    ingest([articles], folder, HashingEmbedder())
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path, shop="Tom & <Jerry>", port=0)


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine([ANSWER])


@pytest.fixture
def chat(settings: Settings, engine: ScriptedEngine, index_folder: Path) -> Iterator[Chat]:
    store = SqliteStore(settings.database)
    yield Chat(Index.open(index_folder, HashingEmbedder()), engine, store, settings)
    store.close()


class Site:
    """A real server in a thread, on a free port."""

    def __init__(self, app: FastAPI) -> None:
        ready = threading.Event()
        self._ready = ready
        self._socket = listen("127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.server = server(app, ready.set)
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self.server.serve([self._socket])), daemon=True
        )

    def __enter__(self) -> Site:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self._thread.join(30)
        self._socket.close()
        assert not self._thread.is_alive()


def eventually(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something becomes true in another thread."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not become true"
        time.sleep(0.02)
