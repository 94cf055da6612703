"""Low-rank changes: what is written and added again is what was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from finetune.search.low_rank import add_low_rank, taken_out
from retrieval.embed.e5_network import E5Network
from retrieval.embed.lora import write_deltas
from retrieval.errors import EmbedderUnavailable
from tests.retrieval.embed.tiny_e5 import write_tiny_e5

TEXTS = ["query: how long?", "query: 退货", "query: a b c"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_e5(tmp_path / "tiny.bin")


def test_texts_have_their_own_vectors(model: Path) -> None:
    vectors = E5Network(model).encode(["how long?", "退货", "how long?"], "query: ")
    assert vectors.shape == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert vectors[0] @ vectors[2] > 0.999 > vectors[0] @ vectors[1]


def test_no_change_changes_nothing_and_a_written_one_comes_back(model: Path, tmp_path: Path) -> None:
    plain = E5Network(model).encode(TEXTS, "")
    e5 = E5Network(model)
    weights = add_low_rank(e5.network, 4)
    assert np.allclose(e5.encode(TEXTS, ""), plain, atol=1e-2)
    torch.manual_seed(0)
    for weight in weights:
        weight.data += 0.05 * torch.randn_like(weight)
    trained = e5.encode(TEXTS, "")
    assert (trained * plain).sum(1).max() < 0.999
    write_deltas(tmp_path / "deltas.safetensors", taken_out(e5.network), {"head.bias": torch.tensor(1.0)})
    again = E5Network(model, tmp_path / "deltas.safetensors")
    assert ((again.encode(TEXTS, "") * trained).sum(1) > 0.995).all()  # bfloat16 rounds them apart
    assert np.array_equal(
        again.encode(TEXTS, ""), E5Network(model, tmp_path / "deltas.safetensors").encode(TEXTS, "")
    )


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.bin").write_bytes(b"E5S1 and no more")
    with pytest.raises(EmbedderUnavailable, match=r"bad\.bin"):
        E5Network(tmp_path / "bad.bin")
