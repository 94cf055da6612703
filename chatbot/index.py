"""The knowledge base of an installation, opened as its settings say: the only way to what a turn searches."""

from __future__ import annotations

from pathlib import Path

from chatbot.settings import Settings
from retrieval.errors import IndexMissing
from retrieval.index import Index
from retrieval.search.filters import CUSTOMER
from retrieval.store import versions
from retrieval.store.content import read_passages


def open_index(settings: Settings, folder: Path | None = None) -> Index:
    """The index of the installation, or the one in `folder`, with the embedder and reranker of the settings.

    Whoever asks it finds what a live turn finds. Raises RetrievalError, naming what to type.
    """
    from retrieval.embed.load import load_embedder
    from retrieval.search.rerank import load_reranker

    reranker = load_reranker(settings.reranker)
    return Index.open(folder or settings.index, load_embedder(settings.embedder), reranker)


def article_texts(settings: Settings) -> list[str]:
    """What customers may read, in passages; none while there is no index. Loads no embedder.

    Raises IndexDamaged.
    """
    try:
        version = versions.current(settings.index)
    except IndexMissing:
        return []
    versions.manifest(settings.index, version)
    passages = read_passages(versions.place(settings.index, version))
    return [passage.text for passage in passages if not CUSTOMER.against(passage)]
