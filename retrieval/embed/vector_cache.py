"""Vectors of texts that were embedded before, by the hash of the text, kept beside an index."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.embed.embedder import Embedder

if TYPE_CHECKING:
    import numpy as np

FILE = "embedded.db"
RULES = 2  # raised when an embedder of the same name embeds a text differently than before
SPARE = 10_000  # vectors kept beyond twice those of the index, for articles that come back


class Embedded:
    """An embedder's vectors in a SQLite file, each written when it is made: a stopped ingest goes on there.

    The key is the hash of the embedder's name and the text, so another embedder finds nothing here. A file
    that is damaged is made anew; it holds nothing that cannot be embedded again.
    """

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self._embedder = embedder
        try:
            self._file = _opened(folder / FILE)
        except sqlite3.DatabaseError:
            for path in folder.glob(f"{FILE}*"):
                path.unlink()
            self._file = _opened(folder / FILE)

    def known(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """The vectors of those of the texts that have been embedded before."""
        import numpy as np

        found: dict[str, np.ndarray] = {}
        for text in texts:
            row = self._file.execute(
                "SELECT vector FROM embedded WHERE hash = ?", [self._hash(text)]
            ).fetchone()
            if row is not None and len(row[0]) == 4 * self._embedder.dimension:
                found[text] = np.frombuffer(row[0], dtype=np.float32)
        return found

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Embed these texts and keep their vectors."""
        vectors = self._embedder.encode(texts)
        rows = [(self._hash(text), vector.tobytes()) for text, vector in zip(texts, vectors, strict=True)]
        with self._file:
            self._file.executemany("INSERT OR REPLACE INTO embedded VALUES (?, ?)", rows)
        return vectors

    def close(self, passages: int) -> None:
        """Forget the oldest vectors beyond what an index of so many passages may need, and close the file."""
        with closing(self._file), self._file:
            (count,) = self._file.execute("SELECT count(*) FROM embedded").fetchone()
            self._file.execute(
                "DELETE FROM embedded WHERE rowid IN (SELECT rowid FROM embedded ORDER BY rowid LIMIT ?)",
                [max(0, count - 2 * passages - SPARE)],
            )

    def _hash(self, text: str) -> bytes:
        name = f"{RULES}\0{self._embedder.name}\0{self._embedder.dimension}\0"
        return blake2b((name + text).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _opened(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = NORMAL")
    file.execute("CREATE TABLE IF NOT EXISTS embedded (hash BLOB UNIQUE NOT NULL, vector BLOB NOT NULL)")
    return file
