"""Vectors of texts by the multilingual E5 embedding model, computed by OpenVINO."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.embed.bert import Bert
from retrieval.embed.e5_file import E5File
from retrieval.embed.lora import changes

if TYPE_CHECKING:
    import numpy as np


class E5:
    """The encoder. Raises EmbedderUnavailable when it cannot be read or computed here.

    `deltas` is a file of low-rank changes (retrieval/embed/lora.py) that are added to the weights.
    """

    def __init__(self, path: Path | None = None, deltas: Path | None = None) -> None:
        file = E5File(path)
        weights = file.weights()
        for layer, change in changes(deltas) if deltas else ():
            weights[f"{layer}.weight"] += change
        self._tokenizer = file.tokenizer()
        self._bert = Bert(weights, file.words, file.sizes[2], file.epsilon)

    def encode(self, texts: Sequence[str], prefix: str) -> np.ndarray:
        """Mean of the last hidden states: float32 rows of length one, shape (len(texts), 384).

        The model wants `prefix` "query: " before a question and "passage: " before what is searched.
        """
        encodings = self._tokenizer.encode_batch([prefix + text for text in texts])
        return self._bert.encode([encoding.ids for encoding in encodings])
