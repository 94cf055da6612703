"""A BERT encoder compiled by OpenVINO from named weights: tokens in, mean of the last states out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from retrieval.embed.processor import computes_bfloat16, threads
from retrieval.errors import EmbedderUnavailable

if TYPE_CHECKING:
    import numpy as np

# E5 on one free core, milliseconds a text: of 350 tokens 105 alone and in eights, of 64 17 alone and 15 in
# fours or thirty-twos, of 16 6.1 alone and 3.6 in sixteens. So long texts go alone, which pads nothing.
TOKENS = 256  # of a batch, unless one text has more
STEP = 4  # lengths are multiples of it: kernels for a new length take 5 ms and half a megabyte
PARTS = ("query", "key", "value")
HIDDEN = -1e4  # added to the attention paid to padding


class Bert:
    """The encoder. Raises EmbedderUnavailable where OpenVINO is missing or cannot compile it.

    `weights` are named as in transformers' BertModel, float32; `words` gives the rows of its table of words.
    One call at a time.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        words: Callable[[np.ndarray], np.ndarray],
        heads: int,
        epsilon: float,
    ) -> None:
        places = weights["embeddings.position_embeddings.weight"]
        self._places = places + weights["embeddings.token_type_embeddings.weight"][:1]
        self._words = words
        self._request = _compiled(weights, heads, epsilon).create_infer_request()

    def encode(self, ids: Sequence[Sequence[int]]) -> np.ndarray:
        """Mean states of texts of tokens: float32 rows of length one, shape (len(ids), width)."""
        import numpy as np

        vectors = np.zeros((len(ids), self._places.shape[1]), dtype=np.float32)
        for rows in batches([len(text) for text in ids]):
            vectors[rows] = self._encode([ids[row] for row in rows])
        return vectors

    def _encode(self, batch: Sequence[Sequence[int]]) -> np.ndarray:
        import numpy as np

        lengths = np.asarray([len(text) for text in batch])
        longest = min(-(-int(lengths.max()) // STEP) * STEP, len(self._places))
        inside = np.arange(longest) < lengths[:, None]
        known, where = np.unique(np.concatenate(batch), return_inverse=True)
        states = np.zeros((*inside.shape, self._places.shape[1]), dtype=np.float32)
        states[inside] = self._words(known)[where]
        states += self._places[:longest]
        found = self._request.infer([states, inside.astype(np.float32)])
        vectors: np.ndarray = found[0]
        return vectors


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The places of texts that are encoded together: of like length, at most TOKENS tokens with padding."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: lengths[place]):
        if batch and (len(batch) + 1) * lengths[place] > TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _compiled(weights: Mapping[str, np.ndarray], heads: int, epsilon: float) -> Any:
    # With openvino-telemetry installed, `import openvino` would report its use; this lets it find none.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    try:
        import openvino

        return openvino.Core().compile_model(
            _graph(weights, heads, epsilon),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "bf16" if computes_bfloat16() else "f32",
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": threads(),
                "ENABLE_CPU_PINNING": False,  # the language model uses the same cores
            },
        )
    except (ImportError, RuntimeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise EmbedderUnavailable(
            f"The default embedder needs the package openvino, which does not work here ({reason}): install "
            "this project with its dependencies, or name another embedder."
        ) from error


def _graph(weights: Mapping[str, np.ndarray], heads: int, epsilon: float) -> Any:
    """From embedded tokens (batch, length, width) and where a text is (batch, length) to (batch, width)."""
    import numpy as np
    from openvino import Model
    from openvino import opset13 as op

    width = weights["embeddings.LayerNorm.weight"].size
    each = width // heads

    def linear(states: Any, weight: np.ndarray, bias: np.ndarray) -> Any:
        return op.add(op.matmul(states, op.constant(weight), False, True), op.constant(bias))

    def dense(states: Any, name: str) -> Any:
        return linear(states, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def normal(states: Any, name: str) -> Any:
        even = op.mvn(states, [-1], True, epsilon, "inside_sqrt")
        scaled = op.multiply(even, op.constant(weights[f"{name}.weight"]))
        return op.add(scaled, op.constant(weights[f"{name}.bias"]))

    def attention(states: Any, name: str, mask: Any) -> Any:
        """Written out, with one product for all three inputs and the scale in the weights of the query.

        It is 3 % faster at 350 tokens than scaled_dot_product_attention on three products.
        """
        parts = [(f"{name}.{part}", scale) for part, scale in zip(PARTS, (each**-0.5, 1, 1), strict=True)]
        weight = np.concatenate([weights[f"{part}.weight"] * np.float32(scale) for part, scale in parts])
        bias = np.concatenate([weights[f"{part}.bias"] * np.float32(scale) for part, scale in parts])
        heads_apart = op.reshape(linear(states, weight, bias), [0, 0, 3, heads, each], True)
        stacked = op.split(op.transpose(heads_apart, [2, 0, 3, 1, 4]), 0, 3)
        query, key, value = (op.squeeze(part, [0]) for part in stacked.outputs())
        paid = op.softmax(op.add(op.matmul(query, key, False, True), mask), -1)
        seen = op.transpose(op.matmul(paid, value, False, False), [0, 2, 1, 3])
        return op.reshape(seen, [0, 0, width], True)

    embedded = op.parameter([-1, -1, width], np.float32)
    inside = op.parameter([-1, -1], np.float32)
    mask = op.unsqueeze(op.multiply(op.subtract(np.float32(1), inside), np.float32(HIDDEN)), [1, 2])
    states = normal(embedded, "embeddings.LayerNorm")
    layer = 0
    while f"encoder.layer.{layer}.output.dense.weight" in weights:
        name = f"encoder.layer.{layer}"
        seen = attention(states, f"{name}.attention.self", mask)
        states = op.add(states, dense(seen, f"{name}.attention.output.dense"))
        states = normal(states, f"{name}.attention.output.LayerNorm")
        inner = op.gelu(dense(states, f"{name}.intermediate.dense"), "erf")
        states = op.add(states, dense(inner, f"{name}.output.dense"))
        states = normal(states, f"{name}.output.LayerNorm")
        layer += 1
    total = op.reduce_sum(op.multiply(states, op.unsqueeze(inside, [2])), [1])
    return Model([op.normalize_l2(total, [1], 1e-12, "max")], [embedded, inside])
