"""One contract for every store of vectors: FAISS, exact or along a graph, and Qdrant find the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from retrieval.errors import VectorsUnavailable
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.store import versions
from retrieval.vectors import faiss_index as dense
from retrieval.vectors import qdrant
from retrieval.vectors.backend import FAISS, Vectors, clean_vectors, open_vectors, write_vectors
from tests.retrieval.hashing import HashingEmbedder

URL = "http://127.0.0.1:6333"
Make = Callable[[np.ndarray, Sequence[str]], Vectors]


def unit(count: int, seed: int = 0) -> np.ndarray:
    """Rows of length one around a few centres, as the passages of a help centre are."""
    chance = np.random.default_rng(seed)
    rows = chance.normal(size=(12, 16))[chance.integers(12, size=count)] + chance.normal(size=(count, 16))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


VECTORS = unit(900)
LANGUAGES = ["en", "en", "zh"] * 300


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> QdrantClient:
    """A Qdrant inside this process, in place of the one at URL."""
    client = QdrantClient(":memory:")
    monkeypatch.setattr(qdrant, "connect", lambda url: client)
    return client


@pytest.fixture(params=["exact", "graph", "qdrant"])
def make(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: QdrantClient
) -> Make:
    if request.param == "graph":
        monkeypatch.setattr(dense, "EXACT", 200)
    store = URL if request.param == "qdrant" else FAISS
    where = tmp_path / "versions" / "000001"
    where.mkdir(parents=True)

    def write_and_open(vectors: np.ndarray, languages: Sequence[str]) -> Vectors:
        write_vectors(where, store, vectors, languages)
        return open_vectors(where, store, vectors, languages)

    return write_and_open


def exact(vector: np.ndarray, language: str, n: int) -> set[int]:
    rows = [row for row, spoken in enumerate(LANGUAGES) if spoken == language]
    return set(sorted(rows, key=lambda row: -float(VECTORS[row] @ vector))[:n])


def test_the_nearest_of_each_language_are_found(make: Make) -> None:
    opened = make(VECTORS, LANGUAGES)
    shares = []
    for vector in unit(50, seed=1):
        found = set(opened.nearest(vector, 10).tolist())
        assert len(found) == 20
        assert sum(LANGUAGES[row] == "zh" for row in found) == 10
        shares.append(len(found & (exact(vector, "en", 10) | exact(vector, "zh", 10))) / 20)
    assert np.mean(shares) >= 0.98


def test_fewer_passages_than_asked_for(make: Make) -> None:
    assert sorted(make(VECTORS[:3], LANGUAGES[:3]).nearest(VECTORS[0], 50).tolist()) == [0, 1, 2]


def test_no_passages(make: Make) -> None:
    assert make(VECTORS[:0], []).nearest(VECTORS[0], 5).size == 0


def test_products_are_inner_products(make: Make) -> None:
    rows = np.array([7, 3, 35])
    assert np.allclose(make(VECTORS, LANGUAGES).products(VECTORS[0], rows), VECTORS[rows] @ VECTORS[0])


def write(folder: Path, articles: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in articles.items():
        (folder / f"{name}.md").write_text(text)
    return folder


def test_an_index_with_its_vectors_in_qdrant_lives_through_changes(
    tmp_path: Path, server: QdrantClient
) -> None:
    docs = write(tmp_path / "docs", {"lamp": "# Lamps\n\nA lamp can be returned.", "card": "Gift cards."})
    home = tmp_path / "index"
    for n in range(4):
        write(docs, {"new": f"Delivery takes {n} days."})
        ingest([docs], home, HashingEmbedder(), store=URL)
        index = Index.open(home, HashingEmbedder())
        assert index.search("lamp returned", k=1)[0].passage.article == "lamp"
        assert f"{n} days" in index.search("delivery days", k=1)[0].passage.text
    kept = {path.name for path in (home / "versions").iterdir()}
    names = {collection.name for collection in server.get_collections().collections}
    assert {name.rpartition("-")[2] for name in names} == kept
    assert len(kept) == versions.KEPT


def test_an_unchanged_folder_moves_to_another_store(tmp_path: Path, server: QdrantClient) -> None:
    docs, home, embedder = (
        write(tmp_path / "docs", {"lamp": "A lamp."}),
        tmp_path / "index",
        HashingEmbedder(),
    )
    first = ingest([docs], home, embedder)
    second = ingest([docs], home, embedder, store=URL)
    assert (second.version != first.version, second.embedded) == (True, 0)
    assert ingest([docs], home, embedder, store=URL).version == second.version
    assert ingest([docs], home, embedder).version != second.version


def test_lost_vectors_are_told(tmp_path: Path, server: QdrantClient) -> None:
    docs, home = write(tmp_path / "docs", {"lamp": "A lamp."}), tmp_path / "index"
    ingest([docs], home, HashingEmbedder(), store=URL)
    for collection in server.get_collections().collections:
        server.delete_collection(collection.name)
    with pytest.raises(VectorsUnavailable, match=r"0 of the 1 vectors.*--rebuild"):
        Index.open(home, HashingEmbedder())


def test_a_server_that_is_not_there_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    docs, home = write(tmp_path / "docs", {"lamp": "A lamp."}), tmp_path / "index"
    version = ingest([docs], home, HashingEmbedder()).version
    with pytest.raises(VectorsUnavailable, match="CHATBOT_VECTORS=faiss"):
        ingest([docs], home, HashingEmbedder(), store="http://127.0.0.1:9")
    assert Index.open(home, HashingEmbedder()).version == version


def test_collections_of_others_stay(tmp_path: Path, server: QdrantClient) -> None:
    size = models.VectorParams(size=4, distance=models.Distance.DOT)
    server.create_collection("theirs", vectors_config=size)
    clean_vectors(tmp_path, URL)
    assert [collection.name for collection in server.get_collections().collections] == ["theirs"]


def test_a_version_that_was_gone_back_to_keeps_its_collection(tmp_path: Path, server: QdrantClient) -> None:
    docs, home = tmp_path / "docs", tmp_path / "index"
    docs.mkdir()
    for n in range(6):
        (docs / "a.md").write_text(f"The lamp of edition {n}.")
        ingest([docs], home, HashingEmbedder(), store=URL)
        if n == 2:
            assert versions.rollback(home, "000002") == "000004"  # the next two ingests let go of 000002
    assert "000004" not in versions.kept(home)
    for n in (6, 7):
        (docs / "a.md").write_text(f"The lamp of edition {n}.")
        versions.rollback(home)
        ingest([docs], home, HashingEmbedder(), store=URL)
        for version in versions.kept(home):
            where = versions.place(home, version)
            assert server.collection_exists((where / "collection").read_text())
    assert Index.open(home, HashingEmbedder()).search("lamp")
