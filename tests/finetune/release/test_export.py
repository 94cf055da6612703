"""A version leaves the installation whole or in 8 bits, and says what the smaller one costs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from chatbot.engine import whole_answer
from chatbot.engines.local import LocalEngine
from chatbot.engines.vllm_engine import VllmEngine
from chatbot.engines.vllm_process import VllmProcess
from chatbot.models.abstention import AbstentionPrior, read_abstention_prior
from chatbot.models.folders import ModelFolder, read_model
from chatbot.settings import Settings, load_settings
from finetune.dataset.folder import DatasetReport, publish_dataset
from finetune.errors import ExportRefused, UnknownModel
from finetune.evaluation.model import greedy
from finetune.release.export import export
from tests.finetune.made_up import example
from tests.quick import quick_model

ASKED = [{"role": "user", "content": "how much is item 3"}]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    examples = [example(n) for n in range(4)]
    quick_model(home / "models" / "shop", [m["content"] for e in examples for m in e.messages])
    out = home / "training" / "shop" / "dataset"
    parts = {"train": [], "validation": [], "test": examples}
    publish_dataset(parts, DatasetReport(4, {}, {}, {}, {}, {}, {}), {}, out)
    return home


@pytest.fixture
def settings(home: Path) -> Settings:
    return load_settings(home=home)


@pytest.fixture
def small(settings: Settings, tmp_path: Path) -> ModelFolder:
    export("shop", tmp_path / "small", "int8", settings=settings)
    return read_model(tmp_path / "small")


def test_merged_is_the_same_model_alone(settings: Settings, tmp_path: Path) -> None:
    source = settings.home / "models" / "shop"
    (source / "silence.json").write_text('{"weight": 1, "bias": 0}')
    manifest = export("shop", tmp_path / "out", "merged", settings=settings)
    out = read_model(tmp_path / "out")
    assert (out.path / "model.safetensors").read_bytes() == (source / "model.safetensors").read_bytes()
    assert manifest["exported_from"] == "shop@0"
    assert read_abstention_prior(out) == AbstentionPrior(1.0, 0.0)
    assert greedy(out.path, [ASKED], 8, "float32") == greedy(source, [ASKED], 8, "float32")


def test_int8_is_smaller_and_says_what_it_costs(settings: Settings, small: ModelFolder) -> None:
    from safetensors.torch import load_file

    manifest = json.loads((small.path / "manifest.json").read_text())
    quality = manifest["quality"]
    assert quality["held_out"] == 4
    assert quality["perplexity"] == pytest.approx(quality["perplexity_before"], rel=0.1)
    assert quality["perplexity"] != quality["perplexity_before"], "it is the rounded model that is measured"
    assert quality["loss_change"]["low"] <= quality["loss_change"]["mean"] <= quality["loss_change"]["high"]
    before = load_file(settings.home / "models" / "shop" / "model.safetensors")
    after = load_file(small.path / "model.safetensors")
    for name, tensor in before.items():
        rounded = after[name].float()
        if f"{name}_scale" in after:
            rounded = rounded * after[f"{name}_scale"].float()
        assert (rounded - tensor.float()).abs().max() <= tensor.float().abs().max() / 100, name
    assert str(after["model.layers.0.mlp.up_proj.weight"].dtype) == "torch.int8"


def test_the_local_engine_answers_with_it(small: ModelFolder) -> None:
    async def ask() -> str:
        engine = LocalEngine(small)
        try:
            return await whole_answer(engine, ASKED, 8)
        finally:
            await engine.aclose()

    assert isinstance(asyncio.run(ask()), str)


def test_what_cannot_be_exported_is_told(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="already exists"):
        export("shop", tmp_path, "merged", settings=settings)
    with pytest.raises(UnknownModel):
        export("nowhere", tmp_path / "a", "merged", settings=settings)
    other = settings.home / "models" / "other"
    other.mkdir()
    (other / "manifest.json").write_text('{"name": "other", "version": "1"}')
    with pytest.raises(ExportRefused, match="held-out examples"):
        export("other", tmp_path / "b", "int8", settings=settings)
    assert not (tmp_path / "b").exists()


@pytest.mark.slow
@pytest.mark.vllm
def test_vllm_computes_with_it(small: ModelFolder, tmp_path: Path) -> None:
    python = load_settings().vllm_python
    process = VllmProcess(small, python, tmp_path / "vllm.log", "bfloat16")
    process.start()

    async def ask() -> None:
        engine = VllmEngine(process)
        await whole_answer(engine, ASKED, 8)
        await engine.aclose()

    try:
        asyncio.run(ask())
    finally:
        process.stop()
    assert "compressed-tensors" in (tmp_path / "vllm.log").read_text(errors="replace")
