"""What was learnt about the signs of a match comes back, also from a file with their older names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.errors import IndexDamaged
from retrieval.search.fusion import FUSION_WEIGHTS
from retrieval.search.fusion_weights import FILE, forget_weights, read_weights, weights_version, write_weights


def test_weights_come_back_and_can_be_forgotten(tmp_path: Path) -> None:
    assert read_weights(tmp_path) == FUSION_WEIGHTS
    assert weights_version(tmp_path) == 0
    learnt = FUSION_WEIGHTS | {"words": 0.3}
    write_weights(tmp_path, {"weights": learnt, "questions": 400})
    assert read_weights(tmp_path) == learnt
    assert weights_version(tmp_path) != 0
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert forget_weights(tmp_path)
    assert not forget_weights(tmp_path)
    assert read_weights(tmp_path) == FUSION_WEIGHTS


def test_a_file_with_the_older_names_is_read(tmp_path: Path) -> None:
    older = {"cosine": 0.4, "apart": 0.3, "words": 0.1, "pieces": 0.2, "length": 0.02, "bias": 0.0}
    (tmp_path / FILE).write_text(json.dumps({"weights": older}))
    assert read_weights(tmp_path) == {
        "cosine": 0.4, "whitened": 0.3, "words": 0.1, "ngrams": 0.2, "length": 0.02, "bias": 0.0
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "[]", '{"weights": {"cosine": 1}}', '{"weights": 1}', "NaN"])
def test_what_cannot_be_read_says_what_to_type(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(IndexDamaged, match="finetune fusion --reset"):
        read_weights(tmp_path)
