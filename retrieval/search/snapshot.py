"""One version of an index in memory, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.articles.passage import Passage
from retrieval.embed.embedder import Embedder
from retrieval.errors import EmbedderMismatch, IndexDamaged
from retrieval.search.filters import Masks
from retrieval.store import versions
from retrieval.store.content import read_content
from retrieval.vectors.backend import FAISS, Vectors, open_vectors
from retrieval.vectors.whitening import WHITENING_FILE, Whitening
from retrieval.words.lexical import Lexical

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version in memory; a search works on one of these from beginning to end."""

    version: str
    passages: list[Passage]
    masks: Masks
    articles: dict[str, list[Passage]]
    languages: np.ndarray
    dense: Vectors
    lexical: Lexical
    ngrams: Lexical
    whitening: Whitening


def open_current(folder: Path, embedder: Embedder) -> Snapshot:
    """Read the current version. Raises IndexMissing, IndexDamaged or EmbedderMismatch."""
    while True:
        version = versions.current(folder)
        try:
            return _open_version(folder, version, embedder)
        except (IndexDamaged, FileNotFoundError):
            if versions.current(folder) == version:
                raise  # not an ingest that removed an old version under our hands


def _open_version(folder: Path, version: str, embedder: Embedder) -> Snapshot:
    import numpy as np

    about = versions.manifest(folder, version)
    check_embedder(folder, about, embedder)
    where = versions.place(folder, version)
    content = read_content(where)
    languages = [passage.language for passage in content.passages]
    articles: dict[str, list[Passage]] = {}
    for passage in content.passages:
        articles.setdefault(passage.article, []).append(passage)
    return Snapshot(
        version,
        content.passages,
        Masks(content.passages),
        articles,
        np.asarray(languages),
        open_vectors(where, about.get("vectors", FAISS), content.vectors, languages),
        Lexical.load(where / "words"),
        Lexical.load(where / "pieces"),
        Whitening.load(where / WHITENING_FILE),
    )


def check_embedder(folder: Path, about: dict[str, Any], embedder: Embedder) -> None:
    """Raise EmbedderMismatch unless the index described by this manifest was made with this embedder."""
    made = about["embedder"], about["dimension"]
    if made != (embedder.name, embedder.dimension):
        raise EmbedderMismatch(
            f'The index in {folder} was made with the embedder "{made[0]}" ({made[1]} numbers a vector), not '
            f'"{embedder.name}" ({embedder.dimension}): name that one, or make the index again with '
            "`chatbot ingest ... --rebuild`."
        )
