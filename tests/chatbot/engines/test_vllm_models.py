"""Versions on vLLM: adapters in one server where it can be, a server of their own where not."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatbot.engine import whole_answer
from chatbot.engines import adapters, swapping
from chatbot.engines.adapters import adapter_of
from chatbot.engines.swapping import SwappingEngine
from chatbot.engines.vllm_engine import VllmEngine
from chatbot.engines.vllm_models import VllmModels
from chatbot.errors import EngineFailed
from chatbot.models import publication
from chatbot.models.folders import ModelFolder, read_model
from chatbot.models.publication import Published

HELLO = [{"role": "user", "content": "hello"}]
LORA = {"peft_type": "LORA", "r": 12, "use_dora": False, "modules_to_save": None, "rank_pattern": {}}


def model(home: Path, name: str, base: str = "", says: str = "", **lora: object) -> ModelFolder:
    """A made-up version; with a `base` it has an adapter, and both say what `says` says."""
    folder = home / "models" / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 512}))
    (folder / "behaviour").write_text("")
    (folder / "says").write_text(says or name)
    if base:
        (folder / "adapter").mkdir()
        (folder / "adapter" / "adapter_config.json").write_text(json.dumps(LORA | lora))
        (folder / "adapter" / "says").write_text(says or name)
    rows = [{"messages": HELLO, "tokens": [1] * 5, "text": name * 5}]
    (folder / "probes.json").write_text(json.dumps(rows))
    (folder / "manifest.json").write_text(json.dumps({"name": name, "version": f"{name}1", "base": base}))
    return read_model(folder)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    model(tmp_path, "base")
    return tmp_path


@pytest.fixture
def models(home: Path) -> Iterator[VllmModels]:
    script = home / "python"
    fake = Path(__file__).with_name("fake_vllm.py")
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake}" "$@"\n')
    script.chmod(0o755)
    models = VllmModels(home, script, "float32")
    yield models
    models.stop()


async def say(engine: VllmEngine) -> str:
    return await whole_answer(engine, HELLO)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - another thread makes it true
            await asyncio.sleep(0.02)


def starts(folder: ModelFolder) -> int:
    return int((folder.path / "starts").read_text())


@pytest.mark.parametrize(
    ("lora", "rank"),
    [
        ({}, 16),
        ({"r": 16}, 16),
        ({"r": 8, "rank_pattern": {"q_proj": 40}}, 64),
        ({"r": 1000}, None),
        ({"use_dora": True}, None),
        ({"modules_to_save": ["lm_head"]}, None),
        ({"peft_type": "PREFIX_TUNING"}, None),
    ],
)
def test_which_adapters_vllm_can_serve(home: Path, lora: dict[str, object], rank: int | None) -> None:
    found = adapter_of(model(home, "tuned", "base@base1", **lora), home)
    assert (found.rank if found else None) == rank
    if found:
        assert found.base.label == "base@base1"


def test_a_base_that_is_not_here_makes_it_no_adapter(home: Path) -> None:
    assert adapter_of(model(home, "tuned", "other@1"), home) is None
    assert adapter_of(model(home, "full"), home) is None


def test_adapters_share_the_server_of_their_base_until_nobody_uses_it(home: Path, models: VllmModels) -> None:
    one, two = model(home, "one", "base@base1"), model(home, "two", "base@base1")
    base = read_model(home / "models" / "base")

    async def visit() -> None:
        first = await asyncio.to_thread(models.ways(one)[0])
        second = await asyncio.to_thread(models.ways(two)[0])
        assert first.process is second.process
        assert [await say(first), await say(second)] == ["one" * 5, "two" * 5]
        assert (first.model, second.model) == ("one@one1", "two@two1")
        again = await asyncio.to_thread(models.ways(one)[0])
        assert again.served != first.served, "a name is never used twice"
        await first.aclose()
        with pytest.raises(EngineFailed, match="does not know"):
            await say(first)
        assert await say(again) == "one" * 5
        await again.aclose()
        assert not second.process.problem
        await second.aclose()
        assert "stopped" in second.process.problem

    asyncio.run(visit())
    assert starts(base) == 1


def test_a_version_without_an_adapter_gets_a_server_of_its_own(home: Path, models: VllmModels) -> None:
    full = model(home, "full")

    async def visit() -> None:
        (way,) = models.ways(full)
        engine = await asyncio.to_thread(way)
        assert await say(engine) == "full" * 5
        await engine.aclose()

    asyncio.run(visit())
    assert starts(full) == 1


def test_a_larger_adapter_gets_another_server(home: Path, models: VllmModels) -> None:
    small, large = model(home, "small", "base@base1"), model(home, "large", "base@base1", r=64)
    one, two = models.ways(small)[0](), models.ways(large)[0]()
    assert one.process is not two.process
    command = two.process._command(1)
    assert command[command.index("--max-lora-rank") + 1] == "64"


def test_a_server_that_dies_comes_back_with_its_adapters(home: Path, models: VllmModels) -> None:
    engine = models.ways(model(home, "one", "base@base1"))[0]()
    base = read_model(home / "models" / "base")
    os.kill(int((base.path / "pids").read_text().split()[0]), signal.SIGKILL)
    deadline = time.monotonic() + 30
    while starts(base) < 2 or engine.process.problem:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert asyncio.run(say(engine)) == "one" * 5


def test_a_refusal_names_the_reason_and_releases_the_server(home: Path, models: VllmModels) -> None:
    engine = models.ways(model(home, "one", "base@base1"))[0]()
    with pytest.raises(EngineFailed, match="not again"):
        adapters.load(engine.process, engine.served, home)
    with pytest.raises(EngineFailed, match="unload_lora_adapter of nobody"):
        adapters.unload(engine.process, "nobody")


def test_after_the_end_nothing_is_started(home: Path, models: VllmModels) -> None:
    models.stop()
    with pytest.raises(EngineFailed, match="being stopped"):
        models.ways(model(home, "full"))[0]()


def test_swaps_under_streams_lose_and_mix_nothing(
    home: Path, models: VllmModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two adapters and, between them, a version with a server of its own."""
    monkeypatch.setattr(swapping, "POLL_SECONDS", 0.01)
    made = [model(home, "one", "base@base1"), model(home, "two", "base@base1"), model(home, "full")]
    versions = [Published(m.path.name, m.version) for m in made]
    publication.publish(home, versions[0])

    async def visit() -> set[tuple[str, str]]:
        engine = await asyncio.to_thread(SwappingEngine, home, models.ways, models.stop)
        said: set[tuple[str, str]] = set()
        done = asyncio.Event()

        async def customer(n: int) -> None:
            while not done.is_set():
                with engine.lease(f"c{n}") as held:
                    said.add((held.model, await say(held)))

        customers = [asyncio.create_task(customer(n)) for n in range(8)]
        for n in range(1, 9):
            version = versions[n % 3]
            await asyncio.to_thread(publication.publish, home, version)
            await until(lambda version=version: engine.model.startswith(version.folder))
        done.set()
        await asyncio.gather(*customers)
        await until(lambda: not engine.draining)
        await engine.aclose()
        return said

    said = asyncio.run(visit())
    assert said == {(m.label, m.name * 5) for m in made}
    assert not any(row["action"] == "rollback" for row in publication.history(home))


def test_an_adapter_that_answers_differently_is_served_merged(home: Path, models: VllmModels) -> None:
    tuned = model(home, "tuned", "base@base1")
    (tuned.path / "adapter" / "says").write_text("rounded")
    publication.publish(home, Published("tuned", "tuned1"))

    async def visit() -> None:
        engine = await asyncio.to_thread(SwappingEngine, home, models.ways, models.stop)
        with engine.lease("") as held:
            assert await say(held) == "tuned" * 5
        await engine.aclose()

    asyncio.run(visit())
    assert starts(tuned) == 1
