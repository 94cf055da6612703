"""A learned prefix: keys and values that stand before every prompt of a model that was tuned in this way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = "prefix"  # in the model folder, as peft writes it
WEIGHTS = "adapter_model.safetensors"


def prefix_of(model: Path) -> Path | None:
    """The prefix of a model folder, if it has one."""
    return model / FOLDER if (model / FOLDER / WEIGHTS).is_file() else None


def is_prefix(learnt: Path) -> bool:
    """Whether what a training run left is a prefix."""
    try:
        config = json.loads((learnt / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("peft_type") == "PREFIX_TUNING"


def read_prefix(folder: Path, network: Any) -> list[tuple[Any, Any]]:
    """Keys and values of each layer, each (1, heads, tokens, size), in the network's number format."""
    from safetensors.torch import load_file

    (flat,) = load_file(folder / WEIGHTS).values()
    config = network.config
    heads, layers = config.num_key_value_heads, config.num_hidden_layers
    parts = flat.view(len(flat), layers, 2, heads, -1).permute(1, 2, 3, 0, 4)
    parts = parts.to(device=network.device, dtype=network.dtype)
    return [(layer[0].unsqueeze(0), layer[1].unsqueeze(0)) for layer in parts]


def cache_with(prefix: list[tuple[Any, Any]], config: Any) -> Any:
    """A cache that a prompt can be read into, beginning with the prefix; without one it is empty."""
    from transformers import DynamicCache

    cache = DynamicCache(config=config)
    for layer, (keys, values) in enumerate(prefix):
        cache.update(keys, values, layer)
    return cache
