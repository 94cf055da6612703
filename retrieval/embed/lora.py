"""Low-rank changes to the linear layers of a network: written to one small file, and added to the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

DOWN, UP = ".down", ".up"


def changes(file: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Each changed layer and `up @ down`, the change of its weight (Hu et al. 2021, arXiv:2106.09685).

    Tensors whose names end otherwise, such as those of a head, are passed over.
    """
    import numpy as np
    from safetensors.numpy import load_file

    tensors = load_file(file)
    for name, down in tensors.items():
        if name.endswith(DOWN):
            layer = name.removesuffix(DOWN)
            yield layer, tensors[layer + UP].astype(np.float32) @ down.astype(np.float32)


def add_deltas(network: Any, file: Path) -> None:
    """Add the changes in the file to the weights of a network of torch, in place."""
    import torch

    with torch.no_grad():
        for layer, change in changes(file):
            network.get_submodule(layer).weight.add_(torch.from_numpy(change))


def write_deltas(file: Path, deltas: Mapping[str, tuple[Any, Any]], others: Mapping[str, Any]) -> None:
    """Write (down, up) of each layer in half precision, and `others` under their names as they are."""
    import torch
    from safetensors.torch import save_file

    tensors = {name: tensor.detach().float().contiguous() for name, tensor in others.items()}
    for layer, (down, up) in deltas.items():
        tensors[layer + DOWN] = down.detach().to(torch.float16).contiguous()
        tensors[layer + UP] = up.detach().to(torch.float16).contiguous()
    save_file(tensors, file)
