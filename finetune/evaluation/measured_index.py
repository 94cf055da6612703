"""The index that a measurement searches, made of a corpus once and kept, with its questions' vectors."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.errors import QuestionsUnreadable
from finetune.evaluation.questions import LabelledQuestion
from retrieval.embed.embedder import Embedder
from retrieval.embed.vector_cache import Embedded
from retrieval.ingest import ingest

if TYPE_CHECKING:
    import numpy as np

FOLDER = "measured"  # inside the installation's home
BATCH = 64

Progress = Callable[[str, int, int], None]


def place_of(home: Path, corpus: Path, part: int | None = None) -> Path:
    """Where the index of a corpus, or of a part of so many articles, is kept."""
    whole = corpus.resolve()
    name = whole.parent.name if whole.is_file() else whole.name
    size = "" if part is None else f"-{part}"
    return home / FOLDER / f"{name}-{blake2b(str(whole).encode(), digest_size=4).hexdigest()}{size}"


def make_index(
    corpus: Path, place: Path, embedder: Embedder, on_step: Progress, part: Path | None = None
) -> list[tuple[str, str]]:
    """Bring the index in `place` up to date with the corpus; returns what could not be read.

    `part` is a file with some of its rows, to be taken in its place. Raises as `ingest` does.
    """
    report = ingest(
        [part or corpus], place, embedder, lambda done, total: on_step("Embedding passages", done, total)
    )
    return report.failed


def write_part(corpus: Path, place: Path, questions: Sequence[LabelledQuestion], count: int) -> Path:
    """Write `count` rows of a corpus beside `place`: those that answer, and others by a fixed choice."""
    wanted = {article for question in questions for article in question.relevant}
    lines = [line for line in corpus.read_text(encoding="utf-8").split("\n") if line.strip()]
    try:
        names = [str((row := json.loads(line)).get("id", row.get("_id"))) for line in lines]
    except (ValueError, AttributeError) as error:
        raise QuestionsUnreadable(f"{corpus} is no JSON Lines file of articles ({error}).") from error
    kept = {i for i, name in enumerate(names) if name in wanted}
    others = [i for i in range(len(lines)) if i not in kept]
    kept |= set(random.Random(0).sample(others, min(len(others), max(0, count - len(kept)))))
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.jsonl")  # not inside: an index does not read its own folder
    part.write_text("".join(f"{lines[i]}\n" for i in sorted(kept)), encoding="utf-8")
    return part


def question_vectors(
    texts: Sequence[str], folder: Path, embedder: Embedder, on_step: Progress
) -> dict[str, np.ndarray]:
    """The vector of each text as a question; those of an earlier measurement come from the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = Embedded(folder, _Asking(embedder))
    unique = sorted(set(texts), key=len)
    found = kept.known(unique)
    new = [text for text in unique if text not in found]
    for start in range(0, len(new), BATCH):
        part = new[start : start + BATCH]
        found |= zip(part, kept.encode(part), strict=True)
        on_step("Embedding questions", start + len(part), len(new))
    kept.close(len(unique))
    return found


class _Asking:
    """An embedder that takes every text for a question."""

    def __init__(self, embedder: Embedder) -> None:
        # A tuned embedder has the name of the one it was tuned from, for passages have its vectors.
        self.name = self.version = f"questions of {embedder.version}"
        self.dimension = embedder.dimension
        self.encode = self.encode_questions = embedder.encode_questions
        self.likeness, self.familiarity = embedder.likeness, embedder.familiarity
        self.untuned = self
