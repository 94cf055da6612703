"""Which engine "auto" means, and that each name opens its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chatbot.engines.choose import choose, open_engine
from chatbot.engines.local import LocalEngine
from chatbot.engines.swapping import SwappingEngine
from chatbot.errors import EngineFailed
from chatbot.models import publication
from chatbot.models.folders import ModelFolder
from chatbot.models.publication import Published
from chatbot.settings import Settings
from tests.tiny import tiny_model


def test_auto(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.touch()
    gpu = "chatbot.engines.vllm_process.has_gpu"
    monkeypatch.setattr(gpu, lambda: True)
    assert choose(Settings(base_url="http://h/v1")) == "openai"
    assert choose(Settings(vllm_python=python)) == "vllm"
    assert choose(Settings(vllm_python=tmp_path / "none")) == "local"
    assert choose(Settings(engine="local", vllm_python=python)) == "local"
    monkeypatch.setattr(gpu, lambda: False)
    assert choose(Settings(vllm_python=python)) == "local", "without a GPU vLLM only starts more slowly"


def test_opens_the_local_engine(tiny: ModelFolder) -> None:
    engine = open_engine(Settings(engine="local", model=str(tiny.path), dtype="float32"))
    assert engine.model == "tiny@seed0"
    asyncio.run(engine.aclose())


def test_follows_what_is_published_only_where_no_model_is_set(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "models" / "shop")
    publication.publish(tmp_path, Published("shop", model.version))
    for chosen, follow, kind in (
        ("published", True, SwappingEngine),
        ("published", False, LocalEngine),
        ("shop", True, LocalEngine),
    ):
        settings = Settings(home=tmp_path, engine="local", model=chosen, dtype="float32")
        engine = open_engine(settings, follow)
        assert type(engine) is kind
        assert engine.model == model.label
        asyncio.run(engine.aclose())


def test_opens_the_client(tmp_path: Path) -> None:
    engine = open_engine(Settings(base_url="http://127.0.0.1:9/v1", model="small"))
    assert engine.model == "small"


def test_vllm_without_its_environment(tiny: ModelFolder, tmp_path: Path) -> None:
    settings = Settings(engine="vllm", home=tmp_path, model=str(tiny.path), vllm_python=tmp_path / "python")
    with pytest.raises(EngineFailed, match="make vllm"):
        open_engine(settings)
