"""Everything that can go wrong in retrieval; each message says what to do next."""

from __future__ import annotations


class RetrievalError(Exception):
    """Any error of this package."""


class BadFile(RetrievalError):
    """One file, or one row of it, cannot be read; the message is the reason alone."""


class NothingToRead(RetrievalError):
    """The given paths hold no readable article; the index is left as it was."""


class IndexMissing(RetrievalError):
    """The folder holds no index."""


class IndexDamaged(RetrievalError):
    """The index folder is incomplete or of an unknown format."""


class EmbedderMismatch(RetrievalError):
    """The index was made with another embedder than the one given."""


class EmbedderUnavailable(RetrievalError):
    """The embedding model cannot be loaded."""


class ModelDamaged(RetrievalError):
    """The folder of a tuned embedder or reranker is incomplete, or of another kind."""


class RerankerUnavailable(RetrievalError):
    """The reranking model cannot be loaded."""


class IngestBusy(RetrievalError):
    """Another ingest is writing to the same index."""


class VectorsUnavailable(RetrievalError):
    """The vector database cannot be reached, or lacks the vectors of the index."""


class UnknownVersion(RetrievalError):
    """There is no such earlier version of the index."""


class SiteUnreachable(RetrievalError):
    """A site cannot be fetched, or does not want to be; the index is left as it was."""


class BadSynonyms(RetrievalError):
    """A line of the synonyms file cannot be used."""
