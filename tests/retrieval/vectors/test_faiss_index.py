"""FAISS finds the nearest of each language, and numpy takes over where FAISS cannot start."""

from __future__ import annotations

import builtins
import logging
from typing import Any

import numpy as np
import pytest

from retrieval.vectors import faiss_index as dense
from retrieval.vectors.faiss_index import Dense

VECTORS = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
LANGUAGES = ["en"] * 30 + ["zh"] * 10


def nearest(part: range, n: int) -> set[int]:
    return set(sorted(part, key=lambda row: -float(VECTORS[row] @ VECTORS[0]))[:n])


def test_the_nearest_of_each_language() -> None:
    found = Dense(VECTORS, LANGUAGES).nearest(VECTORS[0], 5)
    assert set(found.tolist()) == nearest(range(30), 5) | nearest(range(30, 40), 5)


def test_fewer_passages_than_asked_for() -> None:
    assert sorted(Dense(VECTORS[:3], LANGUAGES[:3]).nearest(VECTORS[0], 50).tolist()) == [0, 1, 2]
    assert Dense(VECTORS[:0], []).nearest(VECTORS[0], 5).size == 0


def test_a_search_takes_no_thread_from_torch() -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        Dense(VECTORS, LANGUAGES).nearest(VECTORS[0], 5)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_products_are_inner_products() -> None:
    rows = np.array([3, 35])
    assert np.allclose(Dense(VECTORS, LANGUAGES).products(VECTORS[0], rows), VECTORS[rows] @ VECTORS[0])


def test_without_faiss_numpy_finds_the_same(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    expected = set(Dense(VECTORS, LANGUAGES).nearest(VECTORS[0], 5).tolist())
    real = builtins.__import__

    def broken(name: str, *rest: Any) -> Any:
        if name == "faiss":
            raise RuntimeError("libcudart.so.12 is missing")
        return real(name, *rest)

    dense._faiss.cache_clear()
    monkeypatch.setattr(builtins, "__import__", broken)
    try:
        with caplog.at_level(logging.WARNING):
            searched = Dense(VECTORS, LANGUAGES)
    finally:
        monkeypatch.undo()
        dense._faiss.cache_clear()
    assert set(searched.nearest(VECTORS[0], 5).tolist()) == expected
    assert [record.message for record in caplog.records if "libcudart" in record.message]
    assert len(caplog.records) == 1
