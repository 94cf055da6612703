"""Model folders: complete or refused, built once, merged exactly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from chatbot.errors import ModelMissing
from chatbot.models import folders as models
from chatbot.models.folders import ModelFolder, base_model, merge_adapter, read_model, resolve_model
from chatbot.turn.prompt import CHAT_TEMPLATE


@pytest.fixture
def adapter(tiny: ModelFolder, tmp_path: Path) -> Path:
    """A LoRA adapter that really changes the model: peft begins with B = 0, so B is filled here."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(tiny.path, dtype=torch.float32)
    lora = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"]))
    for name, weight in lora.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.5)
    lora.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def first_logits(folder: Path, adapter: Path | None = None):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if adapter:
        model = PeftModel.from_pretrained(model, adapter)
    with torch.inference_mode():
        return model.eval()(torch.tensor([[2, 40, 41, 42]])).logits


def test_a_merged_model_is_the_model_with_its_adapter(
    tiny: ModelFolder, adapter: Path, tmp_path: Path
) -> None:
    import torch

    merged = merge_adapter(tiny.path, adapter, tmp_path / "merged", {"name": "tuned", "examples": 7})
    with_adapter = first_logits(tiny.path, adapter)
    rounding = (first_logits(merged.path) - with_adapter).abs().max()
    change = (first_logits(tiny.path) - with_adapter).abs().max()
    assert rounding < change / 10, "only bfloat16 rounding is between them"
    assert torch.isfinite(rounding)
    assert merged.name == "tuned"
    assert merged.version != tiny.version
    assert json.loads((merged.path / "manifest.json").read_text())["examples"] == 7


def test_a_merged_model_is_complete_and_renders_alike(
    tiny: ModelFolder, adapter: Path, tmp_path: Path
) -> None:
    from chatbot.engines.local import LocalEngine

    merged = merge_adapter(tiny.path, adapter, tmp_path / "merged", {"name": "tuned"})
    engine = LocalEngine(merged, "float32")
    messages = [{"role": "user", "content": "hi"}]
    assert engine._encode(messages) == LocalEngine(tiny, "float32")._encode(messages)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_merging_twice_gives_the_same_version(tiny: ModelFolder, adapter: Path, tmp_path: Path) -> None:
    one = merge_adapter(tiny.path, adapter, tmp_path / "out", {"name": "t"})
    two = merge_adapter(tiny.path, adapter, tmp_path / "out", {"name": "t"})
    assert one == two, "and the second replaced the first"


def test_a_merge_that_fails_leaves_nothing(
    tiny: ModelFolder, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "_merge", break_off)
    with pytest.raises(KeyboardInterrupt):
        merge_adapter(tiny.path, adapter, tmp_path / "home" / "out", {"name": "t"})
    assert list((tmp_path / "home").iterdir()) == []


def test_no_adapter_is_said(tiny: ModelFolder, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="no adapter"):
        merge_adapter(tiny.path, tmp_path, tmp_path / "out", {"name": "t"})


def test_a_folder_or_its_name(tiny: ModelFolder, tmp_path: Path) -> None:
    shutil.copytree(tiny.path, tmp_path / "models" / "mine")
    assert resolve_model(str(tiny.path), tmp_path) == tiny
    assert resolve_model("mine", tmp_path).path == tmp_path / "models" / "mine"


def test_a_folder_without_a_manifest_is_not_complete(tiny: ModelFolder, tmp_path: Path) -> None:
    shutil.copytree(tiny.path, tmp_path / "half")
    (tmp_path / "half" / "manifest.json").unlink()
    with pytest.raises(ModelMissing, match="not a complete model folder"):
        read_model(tmp_path / "half")


@pytest.mark.parametrize("name", ["nothing", "../nothing", "a/b/c"])
def test_an_unknown_name_says_what_to_type(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="use 'default', 'base', or the folder"):
        resolve_model(name, tmp_path)


def test_a_model_of_the_hub_that_was_fetched_before(tiny: ModelFolder, tmp_path: Path, hub: Path) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    snapshot = hub / "models--shop--small" / "snapshots" / revision
    shutil.copytree(tiny.path, snapshot)
    refs = hub / "models--shop--small" / "refs"
    refs.mkdir()
    (refs / "main").write_text(revision)
    assert resolve_model("shop/small", tmp_path) == ModelFolder(snapshot, "shop/small", revision[:12])


def test_a_model_that_the_hub_does_not_give(tmp_path: Path, hub: Path) -> None:
    with pytest.raises(ModelMissing, match="could not be fetched from the hub"):
        resolve_model("shop/none", tmp_path)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache without a network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    (tmp_path / "hub").mkdir()
    return tmp_path / "hub"


def test_the_default_model_without_its_adapter_is_not_silently_the_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "DEFAULT_ADAPTER", tmp_path / "nowhere")
    with pytest.raises(ModelMissing, match="--model base"):
        resolve_model("default", tmp_path)


def test_the_default_model_is_merged_once(
    tiny: ModelFolder, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (adapter / "manifest.json").write_text("{}")
    monkeypatch.setattr(models, "DEFAULT_ADAPTER", adapter)
    monkeypatch.setattr(models, "base_model", lambda home: tiny)
    first = resolve_model("default", tmp_path)
    made = (first.path / "manifest.json").stat().st_mtime_ns
    assert resolve_model("default", tmp_path) == first
    assert (first.path / "manifest.json").stat().st_mtime_ns == made
    assert first.name == "default"
    assert first.path.parent == tmp_path / "models"


def test_a_new_template_makes_a_new_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade that changes the renderer must not serve yesterday's template from the cache."""
    built: list[str] = []

    def pretend(building: Path, template: str) -> None:
        built.append(template)
        for name in models.HASHED:
            (building / name).write_text(template)

    monkeypatch.setattr(models, "_dequantise", pretend)
    first = base_model(tmp_path)
    assert base_model(tmp_path) == first
    monkeypatch.setattr("chatbot.turn.prompt.CHAT_TEMPLATE", "another")
    assert base_model(tmp_path).version != first.version
    assert built == [CHAT_TEMPLATE, "another"]


@pytest.mark.slow
def test_the_base_model_carries_the_one_renderer(base: ModelFolder) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base.path)
    assert tokenizer.chat_template == CHAT_TEMPLATE
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], add_generation_prompt=True, tokenize=False
    )
    assert text == "<bos>Customer: Hi\nAgent:\n"
