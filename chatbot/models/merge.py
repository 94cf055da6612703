"""Add a LoRA adapter into the weights of its base, by itself where it is plain, else by peft."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PREFIX, A, B = "base_model.model.", ".lora_A.weight", ".lora_B.weight"  # how peft names an adapter's weights
# Where one of these is set, W + scale * B A is not the whole of it. DoRA has weights of its own besides.
_MORE = (
    "alora_invocation_tokens", "alpha_pattern", "arrow_config", "fan_in_fan_out", "lora_bias",
    "rank_pattern", "use_bdlora", "use_qalora",
)  # fmt: skip


def merged_model(base: Path, adapter: Path) -> Any:
    """The model at `base` with the adapter in its weights, in float32; `adapter` is a folder that peft wrote.

    The shipped adapter is plain, so that the default model is built without the packages for training.
    """
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    weights = load_file(adapter / "adapter_model.safetensors")
    if not is_plain(config, weights):
        from peft import PeftModel

        return PeftModel.from_pretrained(model, adapter).merge_and_unload()
    scale = scale_of(config)
    with torch.no_grad():
        for name in (name.removesuffix(A) for name in weights if name.endswith(A)):
            change = (weights[name + B].float() @ weights[name + A].float()) * scale
            model.get_parameter(f"{name.removeprefix(PREFIX)}.weight").add_(change)
    return model


def is_plain(config: dict[str, Any], weights: dict[str, Any]) -> bool:
    """Whether an adapter is nothing but two matrices for each layer that it changes."""
    return (
        config.get("peft_type") == "LORA"
        and config.get("bias") == "none"
        and not any(map(config.get, _MORE))
        and all(name.startswith(PREFIX) and name.endswith((A, B)) for name in weights)
    )


def scale_of(config: dict[str, Any]) -> float:
    """What B A is multiplied with: by the rank, or by its root (rsLoRA)."""
    rank = float(config["r"])
    return float(config["lora_alpha"]) / (rank**0.5 if config.get("use_rslora") else rank)
