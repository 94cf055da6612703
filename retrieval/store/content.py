"""What a version of an index holds: its articles, passages and vectors, written to and read from files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.articles.passage import Passage

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Record:
    """An article of the index: its id, its file (as seen from the index folder) and row, its hash."""

    id: str
    file: str
    row: str
    content_hash: str
    passages: int


@dataclass(frozen=True, slots=True)
class Content:
    """Articles with their passages in order, and one vector for each passage."""

    records: list[Record]
    passages: list[Passage]
    vectors: np.ndarray

    def write(self, folder: Path) -> None:
        """Write records and passages as JSON Lines and the vectors as .npy."""
        import numpy as np

        _write_lines(folder / "articles.jsonl", (asdict(record) for record in self.records))
        _write_lines(folder / "passages.jsonl", (asdict(passage) for passage in self.passages))
        np.save(folder / "vectors.npy", self.vectors)


def read_content(folder: Path) -> Content:
    """Read the content of a version; the vectors stay on disk until they are used."""
    import numpy as np

    return Content(
        [Record(**row) for row in _read_lines(folder / "articles.jsonl")],
        read_passages(folder),
        np.load(folder / "vectors.npy", mmap_mode="r"),
    )


def read_passages(folder: Path) -> list[Passage]:
    """Read the passages of a version."""
    rows = _read_lines(folder / "passages.jsonl")
    return [Passage(**{**row, "tags": tuple(row["tags"])}) for row in rows]


def embedded_text(passage: Passage) -> str:
    """The text whose vector stands for a passage."""
    return "\n".join(part for part in (passage.context, passage.keywords, passage.text) if part)


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]
