"""A text is embedded once for an embedder, across rebuilds, removals and killed runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from retrieval.embed import vector_cache as embedded
from retrieval.embed.vector_cache import FILE, Embedded
from retrieval.index import Index
from retrieval.ingest import ingest
from tests.retrieval.hashing import HashingEmbedder


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for n in range(100):
        (folder / f"{n}.md").write_text(f"# Lamp {n}\n\nA lamp of {n} watts.")
    return folder


def test_a_rebuild_embeds_nothing_again(docs: Path, tmp_path: Path) -> None:
    home = tmp_path / "index"
    assert ingest([docs], home, HashingEmbedder()).embedded == 100
    before = Index.open(home, HashingEmbedder()).search("lamp 23")
    assert ingest([docs], home, HashingEmbedder(), rebuild=True).embedded == 0
    assert Index.open(home, HashingEmbedder()).search("lamp 23") == before


def test_another_embedder_embeds_everything(docs: Path, tmp_path: Path) -> None:
    home = tmp_path / "index"
    ingest([docs], home, HashingEmbedder())
    assert ingest([docs], home, HashingEmbedder("other"), rebuild=True).embedded == 100
    assert ingest([docs], home, HashingEmbedder("other", 32), rebuild=True).embedded == 100
    assert ingest([docs], home, HashingEmbedder(), rebuild=True).embedded == 0


def test_an_article_that_comes_back_is_known(docs: Path, tmp_path: Path) -> None:
    home, file = tmp_path / "index", docs / "7.md"
    text = file.read_text()
    ingest([docs], home, HashingEmbedder())
    file.unlink()
    ingest([docs], home, HashingEmbedder())
    file.write_text(text)
    report = ingest([docs], home, HashingEmbedder())
    assert (report.added, report.embedded) == (1, 0)


def test_a_stopped_ingest_goes_on_where_it_was(docs: Path, tmp_path: Path) -> None:
    class Stops(HashingEmbedder):
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            if self.encoded:
                raise KeyboardInterrupt
            return super().encode(texts)

    with pytest.raises(KeyboardInterrupt):
        ingest([docs], tmp_path / "index", Stops())
    assert ingest([docs], tmp_path / "index", HashingEmbedder()).embedded == 100 - 64


def test_a_damaged_file_is_made_anew(docs: Path, tmp_path: Path) -> None:
    home = tmp_path / "index"
    ingest([docs], home, HashingEmbedder())
    (home / FILE).write_bytes(b"not a database" * 1000)
    assert ingest([docs], home, HashingEmbedder(), rebuild=True).embedded == 100


def test_the_oldest_vectors_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "SPARE", 5)
    first = Embedded(tmp_path, HashingEmbedder())
    texts = [f"text {n}" for n in range(20)]
    first.encode(texts)
    first.close(passages=4)
    assert list(Embedded(tmp_path, HashingEmbedder()).known(texts)) == texts[7:]
