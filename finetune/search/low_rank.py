"""Give the network of an encoder trainable low-rank changes, and take them out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LAYERS = r".*\.(query|key|value|dense)"  # every linear layer of a BERT


def add_low_rank(network: Any, rank: int) -> list[Any]:
    """Put a change of this rank on every linear layer, in place; returns the tensors to train (float32).

    They begin at no change. Run the network under `autocast`, which brings them to its own number format.
    """
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=LAYERS)
    inject_adapter_in_model(config, network)
    trained = [weight for name, weight in network.named_parameters() if "lora_" in name]
    for name, weight in network.named_parameters():
        weight.requires_grad_("lora_" in name)
    for weight in trained:
        weight.data = weight.data.float()
    return trained


def taken_out(network: Any) -> dict[str, tuple[Any, Any]]:
    """(down, up) of each changed layer, scaled so that the change is `up @ down`."""
    from peft.tuners.lora import LoraLayer

    changed: dict[str, Any] = {
        name: layer for name, layer in network.named_modules() if isinstance(layer, LoraLayer)
    }
    return {
        name: (layer.lora_A["default"].weight, layer.lora_B["default"].weight * layer.scaling["default"])
        for name, layer in changed.items()
    }


def autocast(network: Any) -> Any:
    """A context in which the network computes in the number format of its frozen weights."""
    import torch

    return torch.autocast("cpu", dtype=network.dtype, enabled=network.dtype == torch.bfloat16)


def falling(total: Callable[[], float], step: int) -> float:
    """The share of the learning rate: a warm-up over 20 steps, then straight down with the share done."""
    return min(1.0, (step + 1) / 20) * max(0.02, 1.0 - total())
