"""From the name of an embedder to the embedder."""

from __future__ import annotations

from pathlib import Path

from retrieval.embed.bilingual import Bilingual
from retrieval.embed.embedder import Embedder
from retrieval.embed.hub import HubModel
from retrieval.embed.tuned import Tuned
from retrieval.store.model_folder import is_folder

DEFAULT = "default"


def load_embedder(name: str = DEFAULT) -> Embedder:
    """Load the embedder of that name: "default", a sentence-transformers hub id, or a folder.

    The folder may be one that `chatbot finetune retriever` wrote. Raises EmbedderUnavailable when there is no
    such model here, or ModelDamaged.
    """
    if name in (DEFAULT, Bilingual.name):
        return Bilingual()
    if is_folder(name):
        return Tuned(Path(name))
    return HubModel(name)
