"""The loop as a support team runs it: logs in, a model out, swapped in, feedback, the next, DPO, and back."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chatbot.app import Chat, collect
from chatbot.engines.choose import open_engine
from chatbot.engines.swapping import SwappingEngine
from chatbot.models import publication
from chatbot.models.folders import ModelFolder
from chatbot.models.publication import Published, read_publication
from chatbot.settings import Settings, load_settings
from chatbot.store.sqlite import SqliteStore
from chatbot.turn.events import Done, Turn
from finetune import align as prefer_pipeline
from finetune import tune as pipeline
from finetune.dataset.preferences import as_pairs, read_preferences
from finetune.dataset.review import read_queue
from finetune.logs.import_logs import import_logs
from finetune.release.gate import Rules
from finetune.release.publish import publish
from finetune.training.train import Recipe
from retrieval.index import Index
from retrieval.ingest import ingest
from tests.finetune.dataset.test_build import TALKS
from tests.finetune.search.searched import SHOP
from tests.finetune.test_tune import exported
from tests.quick import quick_model
from tests.retrieval.hashing import HashingEmbedder

pytestmark = [pytest.mark.slow, pytest.mark.vllm]
RETURN = "how many days have I got to return an unused lamp please"
AGAIN = "in how many days can I return an unused lamp please"
ANSWER = "You can return an item within 30 days of delivery if it is unused."
GATE = Rules(measure="loss")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An embedder that needs no model, and steps as large as a model of two layers bears."""
    for module in ("finetune.tune", "retrieval.embed.load"):
        monkeypatch.setattr(f"{module}.load_embedder", lambda name: HashingEmbedder())
    monkeypatch.setattr(pipeline, "Recipe", partial(Recipe, learning_rate=0.02))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings(home=tmp_path, engine="vllm", max_tokens=40)
    for passage in SHOP.passages:
        file = tmp_path / "articles" / f"{passage.article}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# {passage.title}\n\n{passage.text}\n", encoding="utf-8")
    ingest([tmp_path / "articles"], settings.index, HashingEmbedder())
    return settings


@pytest.fixture
def base(settings: Settings) -> ModelFolder:
    """Published from the start, as the model that came with an installation is."""
    words = [passage.text for passage in SHOP.passages] + [m.text for t in TALKS for m in t.messages]
    base = quick_model(settings.home / "models" / "quick", words)
    publication.publish(settings.home, Published(base.path.name, base.version))
    return base


class Shop:
    """A chat that follows what is published, as `chatbot serve` does."""

    def __init__(self, settings: Settings) -> None:
        self._loop = asyncio.new_event_loop()
        self.engine = open_engine(settings, follow=True)
        assert isinstance(self.engine, SwappingEngine)
        index = Index.open(settings.index, HashingEmbedder())
        self.chat = Chat(index, self.engine, SqliteStore(settings.database), settings)

    def ask(self, question: str) -> Turn:
        """One question in a conversation of its own, answered by whatever is published now."""
        _, last = self._loop.run_until_complete(
            collect(self.chat.reply(self.chat.new_conversation("page"), question))
        )
        assert isinstance(last, Done), last
        return last.turn

    def served(self, label: str) -> None:
        """Wait until a version has taken over."""
        deadline = time.monotonic() + 240
        while self.engine.model != label:
            assert time.monotonic() < deadline, publication.history(self.chat.settings.home)[-3:]
            time.sleep(0.05)

    def close(self) -> None:
        self._loop.run_until_complete(self.chat.aclose())
        self._loop.close()


@pytest.fixture
def shop(settings: Settings, base: ModelFolder) -> Iterator[Shop]:
    shop = Shop(settings)
    yield shop
    shop.close()


def test_the_whole_loop(settings: Settings, base: ModelFolder, shop: Shop, tmp_path: Path) -> None:
    home = settings.home
    imported = import_logs([exported(TALKS, tmp_path / "chats.jsonl")], home / "logs" / "desk")
    assert imported.conversations == len(TALKS)
    assert "Pritchard" not in (home / "logs" / "desk" / "conversations.jsonl").read_text(encoding="utf-8")

    def tune(name: str, **how: Any) -> ModelFolder:
        given: dict[str, Any] = {"base": base.path.name, "out": home / "models" / name} | how
        report = pipeline.run([home / "logs" / "desk"], settings=settings, **given)
        assert (home / "models" / name / "report.html").is_file()
        return ModelFolder(home / "models" / name, name, report["model"].rpartition("@")[2])

    shop.served(base.label)
    good = tune("good", epochs=8.0)
    assert publish("good", settings=settings, rules=GATE).published
    shop.served(good.label)
    turn = shop.ask(RETURN)
    assert turn.model == good.label
    assert ANSWER.split(".")[0] in turn.answer

    bad = tune("bad", epochs=0.1)
    refused = publish("bad", settings=settings, rules=GATE)
    assert not refused.published
    assert any("not better with confidence" in reason for reason in refused.reasons)
    assert bad.label not in {good.label, base.label}
    assert shop.ask(RETURN).model == good.label

    shop.chat.give_feedback(turn.id, -1, "and when it is used?")
    shop.chat.correct(turn.id, f"{ANSWER} Write to help@shop.example.")
    again = shop.ask(AGAIN)
    shop.chat.correct(again.id, f"{ANSWER} Write to help@shop.example.")
    shop.chat.give_feedback(shop.ask("When comes the money for my lamp back?").id, 1)
    better = tune("better", epochs=8.0, from_feedback=True, seed=1)
    card = json.loads((home / "training" / "better" / "dataset" / "card.json").read_text(encoding="utf-8"))
    assert any(source.startswith("feedback-") for source in card["sources"])
    liked = home / "training" / "better" / "preferences.jsonl"
    assert {turn.id, again.id} <= {
        pair.source.partition(":")[2] for pair in as_pairs(read_preferences(liked))
    }
    read_queue(home / "review.jsonl")
    assert publish("better", settings=settings, rules=GATE, force=True).published
    shop.served(better.label)
    assert shop.ask(RETURN).model == better.label

    preferred = prefer_pipeline.run(
        liked, settings=settings, out=home / "models" / "preferred", epochs=4, learning_rate=1e-3
    )
    assert preferred["base"] == better.label
    assert preferred["comparison"]["margin"]["difference"]["mean"] > 0
    assert publish("preferred", settings=settings, rules=Rules("preference"), force=True).published
    shop.served(preferred["model"])
    assert shop.ask(RETURN).model == preferred["model"]

    publication.rollback(home)
    shop.served(better.label)
    assert shop.ask(RETURN).model == better.label
    assert read_publication(home).current == Published("better", better.version)
    actions = [row["action"] for row in publication.history(home)]
    assert actions.count("refuse") == 1
    assert [row.get("by") for row in publication.history(home) if row["action"] == "rollback"] == [None]
