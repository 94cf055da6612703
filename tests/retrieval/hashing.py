"""A small deterministic embedder for tests: texts that share words have vectors that are alike."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from retrieval.embed.embedder import Embedder
from retrieval.languages.text import terms


class HashingEmbedder:
    """Counts words into buckets; `encoded` keeps every text that it has been given."""

    def __init__(self, name: str = "hashing", dimension: int = 64) -> None:
        self.name = self.version = name
        self.dimension = dimension
        self.encoded: list[str] = []
        self.untuned: Embedder = self

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.encoded.extend(texts)
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in terms(text):
                row[zlib.crc32(word.encode()) % self.dimension] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def encode_questions(self, texts: Sequence[str]) -> np.ndarray:
        return self.encode(texts)

    def likeness(self, products: np.ndarray, asked: str, languages: np.ndarray) -> np.ndarray:
        return products

    def familiarity(self, questions: Sequence[str]) -> None:
        """Nothing was tuned."""
