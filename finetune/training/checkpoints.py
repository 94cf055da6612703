"""Checkpoints of a run: what a killed run goes on from, with the same result as if it had not been killed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

WEIGHTS = "trained.safetensors"
RANKS = "ranks.pt"  # what AdaLoRA knows of the importance of each weight
WHOLE = "whole.json"  # written last: a checkpoint without it was cut off
BEST = "best.safetensors"


def newest(folder: Path) -> Path | None:
    """The last checkpoint that was written to its end."""
    whole = [mark.parent for mark in folder.glob(f"checkpoint-*/{WHOLE}")]
    return max(whole, key=_step, default=None)


def mark_whole(checkpoint: Path, seconds: float) -> None:
    """To be called when everything else is in it; `seconds` is how long the run has trained by now."""
    beside = checkpoint / f".{WHOLE}"
    beside.write_text(json.dumps({"seconds": seconds}), encoding="utf-8")
    beside.rename(checkpoint / WHOLE)


def seconds_of(checkpoint: Path) -> float:
    """How long the run had trained."""
    return float(json.loads((checkpoint / WHOLE).read_text(encoding="utf-8"))["seconds"])


def save_weights(model: Any, path: Path) -> None:
    """Every parameter that is trained, under its own name; the file is replaced at once."""
    from safetensors.torch import save_file

    beside = path.with_name(f".{path.name}.{os.getpid()}")
    tensors = {name: p.detach().cpu().contiguous() for name, p in model.named_parameters() if p.requires_grad}
    save_file(tensors, beside)
    beside.rename(path)


def load_weights(model: Any, path: Path) -> None:
    """Bit for bit what `save_weights` wrote."""
    import torch
    from safetensors.torch import load_file

    saved = load_file(path)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(saved[name])


def save_ranks(model: Any, path: Path) -> None:
    """The state of AdaLoRA's budget, which is in no weight; other methods have none."""
    import torch

    if allocator := getattr(getattr(model, "base_model", None), "rankallocator", None):
        state = {name: getattr(allocator, name) for name in ("ipt", "exp_avg_ipt", "exp_avg_unc")}
        torch.save(state | {"pattern": model.peft_config["default"].rank_pattern}, path)


def load_ranks(model: Any, path: Path) -> None:
    """What `save_ranks` wrote, if it did."""
    import torch

    if path.is_file():
        state = torch.load(path, weights_only=True)
        model.peft_config["default"].rank_pattern = state.pop("pattern")
        for name, value in state.items():
            setattr(model.base_model.rankallocator, name, value)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])
