"""What a GPU can do at best: its measured rate of matrix products, and the share that training uses."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from chatbot.models.folders import resolve_model
from chatbot.settings import load_settings

SIZE = 8192
TIMES = 20
# Layers, hidden size, inner size, heads, heads that share keys; the head size is 128.
SHAPES = {"1b": (26, 2048, 6912, 16, 4), "100m": (18, 640, 2048, 4, 1)}


def random_model(folder: Path, shape: str) -> Path:
    """A model folder of this shape with random weights and the tokenizer of the packaged model."""
    import shutil

    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    layers, hidden, inner, heads, shared = SHAPES[shape]
    base = resolve_model("base", load_settings().home).path
    config: Any = Gemma3TextConfig.from_pretrained(base)
    config.update(
        {
            "num_hidden_layers": layers,
            "hidden_size": hidden,
            "intermediate_size": inner,
            "num_attention_heads": heads,
            "num_key_value_heads": shared,
            "head_dim": 128,
            "layer_types": [config.layer_types[n % len(config.layer_types)] for n in range(layers)],
        }
    )
    torch.manual_seed(0)
    shutil.copytree(base, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    network: Any = Gemma3ForCausalLM(config)
    network.to(torch.bfloat16).save_pretrained(folder)
    return folder


def share(model: Path, found: dict[str, Any]) -> dict[str, Any]:
    """On a GPU: its rate in bfloat16, and the part of it that goes into the products of each contender.

    Counted are those that have to be: forward through all layers, backward through those that are adapted
    (not into the frozen weights), and the vocabulary for the answers alone. Empty without a GPU.
    """
    import torch
    from transformers import AutoConfig

    if not torch.cuda.is_available():
        return {}
    config = AutoConfig.from_pretrained(model)
    layers, size = config.num_hidden_layers, config.head_dim
    heads, shared = config.num_attention_heads, config.num_key_value_heads
    weights = config.hidden_size * (2 * heads * size + 2 * shared * size + 3 * config.intermediate_size)
    a_token = 2 * weights * (layers + layers - layers // 3)
    an_answer = 4 * config.hidden_size * config.vocab_size
    rate = _rate()
    return {
        "device": torch.cuda.get_device_name(),
        "matrix_tflops": rate / 1e12,
        "share_of_it": {
            name: (speed * a_token + found["answer_tokens_a_second"][name] * an_answer) / rate
            for name, speed in found["tokens_a_second"].items()
        },
    }


def _rate() -> float:
    """Operations a second of large products in bfloat16."""
    import torch

    one, two = (torch.randn(SIZE, SIZE, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(3):
        one @ two
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(TIMES):
        one @ two
    torch.cuda.synchronize()
    return 2 * SIZE**3 * TIMES / (time.perf_counter() - began)
