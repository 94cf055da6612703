"""Questions asked before, each with the article that answered it: what the articles' own words lack.

Customers say "my money" where the article says "refund". A company's past conversations know both, so a new
question is also compared with old ones, and the articles that answered its nearest neighbours move up.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.embed.embedder import Embedder
from retrieval.errors import IndexDamaged
from retrieval.files import written
from retrieval.languages.text import language_of

if TYPE_CHECKING:
    import numpy as np

PAST_QUESTIONS = "asked"  # the folder inside the index
MANIFEST = "manifest.json"
NEIGHBOURS = 12

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PastQuestion:
    """A past question, the article that answered it and the answer; both "" when there was none."""

    question: str
    article: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Precedent:
    """A past question with its cosine to the new one."""

    past: PastQuestion
    cosine: float


class PastQuestions:
    """Past questions, searchable by meaning."""

    def __init__(self, pairs: Sequence[PastQuestion], vectors: np.ndarray, embedder: Embedder) -> None:
        import numpy as np

        self._pairs = list(pairs)
        self._languages = np.asarray([language_of(pair.question) for pair in pairs])
        self._vectors = vectors
        self._embedder = embedder

    @classmethod
    def open(cls, folder: Path, embedder: Embedder) -> PastQuestions:
        """The questions that `write_past_questions` left in the folder.

        None when there is no such folder, or when another embedder made it: learn the logs again then.
        Raises IndexDamaged when the folder is incomplete.
        """
        import numpy as np

        none = cls([], np.zeros((0, embedder.dimension), "float32"), embedder)
        if not folder.exists():
            return none
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            lines = (folder / "questions.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
            vectors = np.load(folder / "vectors.npy")
            pairs = [PastQuestion(**json.loads(line)) for line in lines]
            made_with, complete = manifest["embedder"], len(pairs) == len(vectors)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(
                f"The past questions in {folder} cannot be read; ingest again with `--logs`."
            ) from error
        if not complete:
            raise IndexDamaged(f"The past questions in {folder} are incomplete; ingest again with `--logs`.")
        if made_with != embedder.name:
            log.warning(
                "The past questions in %s were learnt with another embedder and are left aside.", folder
            )
            return none
        return cls(pairs, vectors, embedder)

    def __len__(self) -> int:
        return len(self._pairs)

    def nearest(
        self, question: str, leave_out: str = "", may_read: Callable[[str], bool] | None = None
    ) -> list[Precedent]:
        """The nearest past questions, nearest first.

        `leave_out` is a past question that does not count, so that one can be judged by the others. Neither
        do questions whose article `may_read` denies; it is not asked about those that had no answer.
        """
        import numpy as np

        if not self._pairs or not question.strip():
            return []
        products = self._vectors @ self._embedder.encode_questions([question])[0]
        cosines = self._embedder.likeness(products, language_of(question), self._languages)
        found: list[Precedent] = []
        for i in np.argsort(-cosines):
            pair = self._pairs[i]
            known = not pair.article or may_read is None or may_read(pair.article)
            if known and pair.question != leave_out:
                found.append(Precedent(pair, float(cosines[i])))
            if len(found) == NEIGHBOURS:
                break
        return found


def by_article(precedents: Sequence[Precedent]) -> dict[str, float]:
    """The articles that answered them, each with its best cosine; "" stands for unanswered questions."""
    best: dict[str, float] = {}
    for precedent in precedents:
        best.setdefault(precedent.past.article, precedent.cosine)
    return best


def write_past_questions(pairs: Sequence[PastQuestion], folder: Path, embedder: Embedder) -> int:
    """Write the folder anew and return how many questions it holds; being cut off leaves the old one."""
    import numpy as np

    unique = list(dict.fromkeys(pairs))
    building = folder.with_name(f".{folder.name}-building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    np.save(building / "vectors.npy", embedder.encode_questions([pair.question for pair in unique]))
    with (building / "questions.jsonl").open("w", encoding="utf-8") as file:
        for pair in unique:
            file.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")
    (building / MANIFEST).write_text(json.dumps({"embedder": embedder.name, "questions": len(unique)}))
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)
    return len(unique)


def past_questions_version(folder: Path) -> int:
    """A number that changes when the questions are written anew; 0 when there are none."""
    return written(folder / MANIFEST)
