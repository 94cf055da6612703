"""Questions whose right articles are known: a labelled file, a BEIR folder, or the logs an index learnt."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from finetune.errors import PairsUnreadable
from retrieval.search.past_questions import PAST_QUESTIONS

HELD_OUT, ENOUGH = 0.2, 600  # a fifth, but not many more questions than that: the more are trained on
EXAMPLE = '{"question": "How do I return a lamp?", "article": "returns/how-to-return"}'


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question and the names of the articles that answer it; none where no article does."""

    question: str
    articles: frozenset[str]


def read_labelled(paths: Sequence[Path], index: Path) -> list[Labelled]:
    """All questions of these files and folders; without any, those that `chatbot ingest --logs` has learnt.

    A folder is in the layout of BEIR: queries.jsonl ("id", "text") and qrels.tsv. A file is JSON Lines with
    "question" and "article", a name, a list of names, or null. Raises PairsUnreadable.
    """
    rows = [row for path in paths for row in _read(path)] if paths else list(_learnt(index))
    articles: dict[str, set[str]] = {}
    for question, names in rows:
        if question.strip():
            articles.setdefault(question.strip(), set()).update(names)
    return [Labelled(question, frozenset(names)) for question, names in articles.items()]


def split(labelled: Sequence[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """To train on, and held out. A question falls on the same side in every run on as many questions."""
    share = min(HELD_OUT, ENOUGH / max(len(labelled), 1))
    held = [one for one in labelled if _place(one.question) < share]
    return [one for one in labelled if _place(one.question) >= share], held


def _place(question: str) -> float:
    folded = "".join(c for c in question.lower() if c.isalnum())
    return int.from_bytes(blake2b(folded.encode(), digest_size=4).digest()) / 2**32


def _read(path: Path) -> Iterator[tuple[str, list[str]]]:
    if path.is_dir():
        return _beir(path)
    return _lines(path)


def _lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    for number, row in _json_lines(path):
        question, article = row.get("question"), row.get("article", row.get("articles"))
        names = [article] if isinstance(article, str) else article or []
        if not isinstance(question, str) or not isinstance(names, list):
            raise PairsUnreadable(f"{path}, line {number}: a line must be like {EXAMPLE}.")
        yield question, [str(name) for name in names]


def _beir(folder: Path) -> Iterator[tuple[str, list[str]]]:
    relevant: dict[str, list[str]] = {}
    for number, line in enumerate(_text(folder / "qrels.tsv").splitlines(), 1):
        parts = line.split("\t")
        grade = _grade(parts[2]) if len(parts) == 3 else math.nan
        if math.isnan(grade) and number > 1:
            raise PairsUnreadable(
                f"{folder / 'qrels.tsv'}, line {number}: a line must be query, article and grade, with tabs."
            )
        if grade > 0:
            relevant.setdefault(parts[0], []).append(parts[1])
    for number, row in _json_lines(folder / "queries.jsonl"):
        if "id" not in row or "text" not in row:
            raise PairsUnreadable(f'{folder / "queries.jsonl"}, line {number}: "id" or "text" is missing.')
        if str(row["id"]) in relevant:
            yield str(row["text"]), relevant[str(row["id"])]


def _grade(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _learnt(index: Path) -> Iterator[tuple[str, list[str]]]:
    file = index / PAST_QUESTIONS / "questions.jsonl"
    if not file.exists():
        raise PairsUnreadable(
            f"The index in {index} has learnt no past questions: name a file of pairs, or learn them with "
            " `chatbot ingest ARTICLES --logs LOGS`."
        )
    for _, row in _json_lines(file):
        yield row["question"], [row["article"]] if row["article"] else []


def _json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise PairsUnreadable(f"{path}, line {number}: not a JSON object; a line is like {EXAMPLE}.")
        yield number, row


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PairsUnreadable(
            f"{path} cannot be read ({error}): name a file of JSON Lines, UTF-8."
        ) from error
