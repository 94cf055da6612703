"""An adapter is merged as peft does it, to the last bit, and without peft where it is plain."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from chatbot.models.folders import DEFAULT_ADAPTER, ModelFolder, read_object
from chatbot.models.merge import is_plain, merged_model


def adapter(tiny: ModelFolder, folder: Path, **how: Any) -> Path:
    """A LoRA adapter that really changes the model: peft begins with B = 0, so B is filled here."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(tiny.path, dtype=torch.float32)
    lora = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"], **how))
    for name, weight in lora.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.5)
    lora.save_pretrained(folder)
    return folder


def by_peft(base: Path, adapter: Path) -> Any:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    return PeftModel.from_pretrained(model, adapter).merge_and_unload()


@pytest.mark.parametrize(
    ("how", "plain"),
    [
        ({"lora_alpha": 10}, True),
        ({"use_rslora": True}, True),
        ({"use_dora": True}, False),
        ({"modules_to_save": ["lm_head"]}, False),
        ({"rank_pattern": {"q_proj": 2}}, False),
        ({"bias": "all"}, False),
    ],
)
def test_the_same_weights_as_by_peft(
    tiny: ModelFolder, tmp_path: Path, how: dict[str, Any], plain: bool
) -> None:
    import torch
    from safetensors.torch import load_file

    folder = adapter(tiny, tmp_path / "adapter", **how)
    config = read_object(folder / "adapter_config.json")
    assert is_plain(config, load_file(folder / "adapter_model.safetensors")) is plain
    ours = merged_model(tiny.path, folder).state_dict()
    theirs = by_peft(tiny.path, folder).state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_shipped_adapter_is_plain() -> None:
    from safetensors.torch import load_file

    config = read_object(DEFAULT_ADAPTER / "adapter_config.json")
    assert is_plain(config, load_file(DEFAULT_ADAPTER / "adapter_model.safetensors"))


def test_a_plain_adapter_needs_no_peft(
    tiny: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = adapter(tiny, tmp_path / "plain")
    dora = adapter(tiny, tmp_path / "dora", use_dora=True)
    monkeypatch.setitem(sys.modules, "peft", None)
    merged_model(tiny.path, plain)
    with pytest.raises(ModuleNotFoundError, match="peft"):
        merged_model(tiny.path, dora)
