"""Write the weights of a model folder as 8-bit integers, in the form that vLLM and transformers both load.

One scale for each row of a matrix (compressed-tensors, "int-quantized"); vLLM rounds the activations of each
token to 8 bits, too, while it runs. Embeddings and norms stay as they are.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from chatbot.models.abstention import FILE

LARGEST = 127
KEPT = ("generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", FILE)
_WEIGHTS = {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "channel", "dynamic": False}
_ACTIVATIONS = {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "token", "dynamic": True}
CONFIG = {
    "quant_method": "compressed-tensors",
    "format": "int-quantized",
    "quantization_status": "compressed",
    "ignore": ["lm_head"],
    "config_groups": {
        "group_0": {"targets": ["Linear"], "weights": _WEIGHTS, "input_activations": _ACTIVATIONS}
    },
}


def quantise(model: Path, out: Path) -> None:
    """Write the model in the folder `model` with 8-bit weights into the folder `out`, which exists."""
    from safetensors.torch import load_file, save_file

    tensors: dict[str, Any] = {}
    for name, tensor in load_file(model / "model.safetensors").items():
        if name.endswith("_proj.weight"):
            scale = tensor.float().abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / LARGEST
            rounded = (tensor.float() / scale).round().clamp(-LARGEST, LARGEST)
            tensors[name] = rounded.to(_int8())
            tensors[f"{name}_scale"] = scale.to(tensor.dtype)
        else:
            tensors[name] = tensor
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    text = json.dumps(config | {"quantization_config": CONFIG}, indent=2)
    (out / "config.json").write_text(text + "\n", encoding="utf-8")
    for name in KEPT:
        if (model / name).is_file():
            shutil.copyfile(model / name, out / name)


def _int8() -> Any:
    import torch

    return torch.int8
