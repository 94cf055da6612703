"""Keep and search the vectors of an index in Qdrant, one collection a version, for more than one machine."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.errors import VectorsUnavailable
from retrieval.vectors.faiss_index import by_language

if TYPE_CHECKING:
    import numpy as np

BATCH = 512  # vectors sent at once
TIMEOUT = 30  # seconds
_NAME = "collection"  # the file of a version that names its collection


class Qdrant:
    """The vectors of one collection; the file of vectors beside the passages serves for single rows."""

    def __init__(self, client: Any, collection: str, vectors: np.ndarray, languages: Sequence[str]) -> None:
        self._client = client
        self._collection = collection
        self._vectors = vectors
        self._languages = [(language, len(rows)) for language, rows in by_language(languages)]

    def nearest(self, vector: np.ndarray, n: int) -> np.ndarray:
        """Return the rows of the n nearest passages of each language, all asked for in one request."""
        import numpy as np
        from qdrant_client import models

        requests = [
            models.QueryRequest(
                query=vector.tolist(), limit=min(n, count), filter=_only(language) if self._many else None
            )
            for language, count in self._languages
        ]
        if not requests:
            return np.zeros(0, dtype=np.int64)
        with _told(self._collection):
            answers = self._client.query_batch_points(self._collection, requests, timeout=TIMEOUT)
        return np.array([point.id for answer in answers for point in answer.points], dtype=np.int64)

    def products(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the inner products of these rows with the vector."""
        return self._vectors[rows] @ vector

    @property
    def _many(self) -> bool:
        return len(self._languages) > 1


def write_qdrant(where: Path, url: str, vectors: np.ndarray, languages: Sequence[str]) -> None:
    """Send the vectors of the version in `where` as a collection of its own and note its name there."""
    from qdrant_client import models

    collection = f"{_family(where.parent.parent)}{where.name}"
    client = connect(url)
    with _told(url):
        client.delete_collection(collection)  # left by a run that was killed
        if len(vectors):
            size = models.VectorParams(size=vectors.shape[1], distance=models.Distance.DOT)
            client.create_collection(collection, vectors_config=size)
            client.create_payload_index(collection, "language", models.PayloadSchemaType.KEYWORD)
        for start in range(0, len(vectors), BATCH):
            part = range(start, min(start + BATCH, len(vectors)))
            batch = models.Batch(
                ids=list(part),
                vectors=vectors[start : part.stop].tolist(),
                payloads=[{"language": languages[row]} for row in part],
            )
            client.upsert(collection, batch, wait=part.stop == len(vectors))
    (where / _NAME).write_text(collection)


def open_qdrant(where: Path, url: str, vectors: np.ndarray, languages: Sequence[str]) -> Qdrant:
    """Open the collection of the version in `where`. Raises VectorsUnavailable when it is not whole."""
    collection = (where / _NAME).read_text()
    client = connect(url)
    with _told(url):
        there = client.collection_exists(collection)
        count = client.count(collection, exact=True).count if there else 0
    if count != len(vectors):
        raise VectorsUnavailable(
            f"Qdrant at {url} holds {count} of the {len(vectors)} vectors of this index: make it again with "
            "`chatbot ingest ... --rebuild`."
        )
    return Qdrant(client, collection, vectors, languages)


def clean_qdrant(folder: Path, url: str) -> None:
    """Delete the collections that no version in the folder names; after a rollback two name the same one."""
    family = _family(folder)
    used = {file.read_text() for file in (folder / "versions").glob(f"*/{_NAME}")}
    client = connect(url)
    with _told(url):
        names = [collection.name for collection in client.get_collections().collections]
        for name in names:
            if name.startswith(family) and name not in used:
                client.delete_collection(name)


@cache
def connect(url: str) -> Any:
    """The client of a server; its key, where it wants one, is taken from QDRANT_API_KEY."""
    try:
        from qdrant_client import QdrantClient
    except ImportError as error:
        raise VectorsUnavailable(
            "Vectors in Qdrant need its client: type `pip install qdrant-client`, or set "
            "CHATBOT_VECTORS=faiss."
        ) from error
    return QdrantClient(
        url=url, api_key=os.environ.get("QDRANT_API_KEY") or None, timeout=TIMEOUT, check_compatibility=False
    )


def _family(folder: Path) -> str:
    """What the collections of this index begin with: random, since many indexes may share a server."""
    file = folder / "qdrant-name"
    if not file.exists():
        new = file.with_suffix(".new")
        new.write_text(f"chatbot-{uuid.uuid4().hex[:12]}-")
        new.replace(file)
    return file.read_text()


def _only(language: str) -> Any:
    from qdrant_client import models

    match = models.MatchValue(value=language)
    return models.Filter(must=[models.FieldCondition(key="language", match=match)])


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Turn what the client raises into one sentence."""
    from qdrant_client.http.exceptions import ApiException

    try:
        yield
    except (ApiException, OSError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise VectorsUnavailable(
            f"Qdrant ({where}) does not answer as it should ({reason}): start it, correct CHATBOT_VECTORS, "
            "or set CHATBOT_VECTORS=faiss and ingest again."
        ) from error
