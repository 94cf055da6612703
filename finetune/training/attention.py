"""Attention over several examples laid end to end: each one looks at itself only, and nothing is padded.

Packed batches are usually given one mask over the whole length, so that attention costs the square of the
sum of the lengths; here it costs the sum of the squares, and there is no mask to build.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

NAME = "per_example"


def install(model: Any) -> None:
    """Make the model use it; its forward then has to be given `cu_seq_lens_q`, as trl's collator makes it."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface

    AttentionInterface.register(NAME, per_example)
    AttentionMaskInterface.register(NAME, lambda *args, **kwargs: None)
    model.set_attn_implementation(NAME)


def per_example(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    cu_seq_lens_q: Sequence[int] = (),
    **kwargs: Any,
) -> tuple[Any, None]:
    """As transformers calls it: tensors of (1, heads, tokens, size); gives (1, tokens, heads, size).

    `cu_seq_lens_q` holds where each example begins and, last, the length of all.
    """
    import torch

    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    one = _fused if query.is_cuda and softcap is None else _plain
    parts = [
        one(query[:, :, a:b], key[:, :, a:b], value[:, :, a:b], scale, sliding_window, softcap)
        for a, b in pairwise(cu_seq_lens_q)
    ]
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous(), None


def _fused(query: Any, key: Any, value: Any, scale: float, window: int | None, softcap: float | None) -> Any:
    import torch

    length = query.shape[2]
    near = window if window and window < length else 0
    return torch.nn.functional.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=~_hidden(length, near, query.device) if near else None,
        is_causal=not near,
        scale=scale,
        enable_gqa=True,
    )


def _plain(query: Any, key: Any, value: Any, scale: float, window: int | None, softcap: float | None) -> Any:
    """In plain matrix products: on a CPU torch's fused attention is a third slower at a head size of 256.

    Heads that share keys are laid one below the other, so that the keys need not be copied for each.
    """
    import torch

    _, heads, length, size = query.shape
    shared = key.shape[1]
    rows = query.reshape(shared, heads // shared, length, size)
    scores = rows @ key[0].unsqueeze(1).transpose(2, 3) * scale
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    near = window if window and window < length else 0
    scores = scores.masked_fill(_hidden(length, near, query.device), torch.finfo(scores.dtype).min)
    chances = scores.softmax(-1, dtype=torch.float32).to(query.dtype)
    return (chances @ value[0].unsqueeze(1)).reshape(1, heads, length, size)


@lru_cache(maxsize=64)  # the layers of a step ask for the same few lengths again and again
def _hidden(length: int, window: int, device: Any) -> Any:
    """True where a token (row) must not look: at later ones, and at those `window` or more before."""
    import torch

    places = torch.arange(length, device=device)
    distance = places.unsqueeze(1) - places
    return (distance < 0) | (distance >= window) if window else distance < 0
