"""Real models change under real conversations: no reply fails, none is mixed, every probe is reproduced."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from benchmarks.model_swaps import (
    PROBES,
    Answers,
    Seen,
    make_versions,
    questions,
    swap_under_load,
    write_probes,
)
from chatbot.engine import ChatMessages
from chatbot.engines import swapping
from chatbot.engines.choose import open_engine
from chatbot.engines.swapping import SwappingEngine
from chatbot.models import publication
from chatbot.models.folders import ModelFolder, read_model
from chatbot.models.publication import Published
from chatbot.settings import Settings, load_settings
from tests.tiny import tiny_model

pytestmark = pytest.mark.slow
STREAMS = 8


def run(
    settings: Settings,
    versions: list[ModelFolder],
    prompts: list[ChatMessages],
    answers: Answers,
    swaps: int,
) -> Seen:
    publication.publish(settings.home, Published(versions[0].path.name, versions[0].version))
    engine = open_engine(settings, follow=True)
    assert isinstance(engine, SwappingEngine)

    async def visit() -> Seen:
        try:
            return await swap_under_load(engine, settings.home, versions, prompts, answers, STREAMS, swaps)
        finally:
            await engine.aclose()

    return asyncio.run(visit())


def readable(folder: Path) -> None:
    """One character for each token: the random bytes that a made-up model says are no UTF-8."""
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    tokenizer["decoder"] = {"type": "Fuse"}
    path.write_text(json.dumps(tokenizer), encoding="utf-8")


def check(seen: Seen, swaps: int, versions: list[ModelFolder]) -> None:
    assert seen.failed == []
    assert seen.mixed == []
    assert (seen.swaps, seen.rolled_back) == (swaps, 0)
    assert seen.probes == PROBES * (swaps + 1)
    assert set(seen.replies) == {version.label for version in versions}, "both have answered customers"


def test_in_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swapping, "POLL_SECONDS", 0.05)
    versions = []
    for seed in (1, 2):
        folder = tiny_model(tmp_path / "models" / f"tiny{seed}", seed=seed).path
        readable(folder)
        (folder / "manifest.json").write_text(json.dumps({"name": f"tiny{seed}", "version": f"seed{seed}"}))
        versions.append(read_model(folder))
    asked: list[ChatMessages] = [[{"role": "user", "content": "ask " * n}] for n in range(1, 7)]
    prompts, answers = write_probes(versions, asked)
    assert len(prompts) >= PROBES
    settings = load_settings(home=tmp_path, engine="local")
    check(run(settings, versions, prompts, answers, 12), 12, versions)


@pytest.mark.vllm
def test_in_vllm(base: ModelFolder, tmp_path: Path) -> None:
    """One server, six swaps of adapters; benchmarks.model_swaps does a hundred."""
    settings = load_settings(home=tmp_path, engine="vllm")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / base.path.name).symlink_to(base.path.absolute())
    versions = make_versions(tmp_path)
    prompts, answers = write_probes(versions, questions())
    assert len(prompts) >= PROBES
    check(run(settings, versions, prompts, answers, 6), 6, versions)
    assert (tmp_path / "vllm.log").exists()
    assert not (tmp_path / "vllm-2.log").exists(), "all versions were adapters in one server"
