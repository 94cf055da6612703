"""Questions that were asked before, each with the article that answered it: what the articles' own words lack.

Customers say "my money" where the article says "refund". A company's past conversations know both, so a new
question is also compared with old ones, and the articles that answered its nearest neighbours move up.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.embed import Embedder
from retrieval.errors import IndexDamaged

if TYPE_CHECKING:
    import numpy as np

ASKED = "asked"  # the folder inside the index
NEIGHBOURS = 12


@dataclass(frozen=True, slots=True)
class Pair:
    """A past question and the article that answered it; article "" when none did."""

    question: str
    article: str


class Asked:
    """Past questions, searchable by meaning."""

    def __init__(self, pairs: Sequence[Pair], vectors: np.ndarray, embedder: Embedder) -> None:
        self._pairs = list(pairs)
        self._vectors = vectors
        self._embedder = embedder

    @classmethod
    def open(cls, folder: Path, embedder: Embedder) -> Asked:
        """The questions that `write_asked` left in the folder; none when there is no such folder.

        Raises IndexDamaged when the folder is incomplete or was made with another embedder.
        """
        import numpy as np

        if not folder.exists():
            return cls([], np.zeros((0, embedder.dimension), "float32"), embedder)
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
            vectors = np.load(folder / "vectors.npy")
        except (OSError, ValueError) as error:
            raise IndexDamaged(f"The past questions in {folder} cannot be read; ingest the logs again.") from error
        pairs = [Pair(**json.loads(line)) for line in lines]
        if manifest["embedder"] != embedder.name or len(pairs) != len(vectors):
            raise IndexDamaged(f"The past questions in {folder} do not fit the embedder; ingest the logs again.")
        return cls(pairs, vectors, embedder)

    def __len__(self) -> int:
        return len(self._pairs)

    def nearest(self, question: str, leave_out: str = "") -> dict[str, float]:
        """The articles of the nearest past questions, each with its best cosine; "" stands for unanswered ones.

        `leave_out` is a past question that does not count, so that one can be judged by the others.
        """
        import numpy as np

        if not self._pairs or not question.strip():
            return {}
        cosines = self._vectors @ self._embedder.encode([question])[0]
        best: dict[str, float] = {}
        for i in np.argsort(-cosines)[: NEIGHBOURS + 4 * bool(leave_out)]:
            if self._pairs[i].question != leave_out:
                best.setdefault(self._pairs[i].article, float(cosines[i]))
        return best


def write_asked(pairs: Sequence[Pair], folder: Path, embedder: Embedder) -> int:
    """Write the folder anew and return how many questions it holds; one that is cut off leaves the old one."""
    import numpy as np

    unique = list(dict.fromkeys(pairs))
    building = folder.with_name(f".{folder.name}-building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    np.save(building / "vectors.npy", embedder.encode([pair.question for pair in unique]))
    with (building / "questions.jsonl").open("w", encoding="utf-8") as file:
        for pair in unique:
            file.write(json.dumps({"question": pair.question, "article": pair.article}, ensure_ascii=False) + "\n")
    (building / "manifest.json").write_text(json.dumps({"embedder": embedder.name, "questions": len(unique)}))
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)
    return len(unique)
