"""Questions with the articles that answer them: the files of BEIR, a table, or lines of JSON."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chatbot.turn.message import Message
from finetune.errors import QuestionsUnreadable

QUERIES = ("queries.jsonl", "queries*.jsonl", "tasks*.jsonl")  # in a folder, the first that is there
QRELS = ("qrels.tsv", "qrels/test.tsv", "qrels*.tsv")
_TEXTS = ("text", "question", "query", "问题")
_ARTICLES = ("article", "articles", "文章")


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question, what was said before it, and the articles that answer it with their grades above 0."""

    id: str
    text: str
    history: tuple[Message, ...]
    relevant: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Files:
    """Where a set lies; `qrels` is None where each question names its articles."""

    corpus: Path | None
    queries: Path
    qrels: Path | None = None
    dialogues: Path | None = None


def files_of(folder: Path) -> Files:
    """The files of a set in the layout of BEIR. Raises QuestionsUnreadable naming the one that is missing."""
    corpus, queries, qrels = (
        next((found for pattern in patterns for found in sorted(folder.glob(pattern))), None)
        for patterns in (("corpus.jsonl",), QUERIES, QRELS)
    )
    for name, path in (("corpus.jsonl", corpus), ("queries.jsonl", queries), ("qrels.tsv", qrels)):
        if path is None:
            raise QuestionsUnreadable(
                f"{folder} has no {name}: name the files with --corpus, --queries and --qrels."
            )
    dialogues = folder / "dialogues.jsonl"
    assert queries is not None
    return Files(corpus, queries, qrels, dialogues if dialogues.exists() else None)


def read_judged(files: Files) -> tuple[list[LabelledQuestion], list[str]]:
    """The questions that have an article, and notes on what was left out.

    Raises QuestionsUnreadable with the file and line that is wrong, or when nothing is left.
    """
    rows = list(_rows(files.queries))
    if not rows:
        raise QuestionsUnreadable(f"{files.queries} is empty; it needs one question a line.")
    questions = {one.id: one for number, row in rows if (one := _question(files.queries, number, row))}
    notes: list[str] = []
    if files.dialogues:
        questions = {one.id: one for one in _told(questions.values(), files.dialogues)}
    if files.qrels:
        judgements = _judgements(files.qrels)
        if unknown := sorted(judgements.keys() - questions.keys()):
            notes.append(
                f"{len(unknown)} of {len(judgements)} questions of {files.qrels.name} are not in "
                f'{files.queries.name}, such as "{unknown[0]}"; they are left out.'
            )
        questions = {
            name: replace(one, relevant=judgements[name])
            for name, one in questions.items()
            if name in judgements
        }
        if not questions:
            raise QuestionsUnreadable(
                f"No query id of {files.qrels} is in {files.queries}: give the files of one set."
            )
    judged = [one for one in questions.values() if one.relevant]
    if not judged:
        raise QuestionsUnreadable(
            f"No question of {files.queries} names an article: fill its column article, or give --qrels."
        )
    if left := len(questions) - len(judged):
        notes.append(f"{left} questions without an article are left out.")
    return judged, notes


def sample(questions: Sequence[LabelledQuestion], count: int) -> list[LabelledQuestion]:
    """At most `count` of the questions, always the same ones, in their order."""
    if count >= len(questions):
        return list(questions)
    chosen = random.Random(0).sample(range(len(questions)), count)
    return [questions[i] for i in sorted(chosen)]


def _question(path: Path, number: int, row: Mapping[str, Any]) -> LabelledQuestion | None:
    text = _first(row, _TEXTS) or _scenario(row)
    if not isinstance(text, str) or not text.strip():
        raise QuestionsUnreadable(f"Line {number} of {path} has no question; it needs a column text.")
    named = _first(row, _ARTICLES) or []
    names = [name.strip() for name in named.split(";")] if isinstance(named, str) else named
    name = row.get("_id") or row.get("id") or number
    try:
        return LabelledQuestion(
            str(name), text.strip(), _messages(row.get("history") or []), {a: 1.0 for a in names if a}
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise QuestionsUnreadable(
            f"Line {number} of {path} has a history that is no list of earlier questions, nor of objects "
            f"with role and content ({error!r})."
        ) from error


def _scenario(row: Mapping[str, Any]) -> Any:
    """What the customer of a tau-bench task is told to want."""
    scenario = row.get("user_scenario")
    return scenario.get("instructions") if isinstance(scenario, dict) else None


def _messages(history: Sequence[Any]) -> tuple[Message, ...]:
    """Earlier turns: texts are the customer's own; objects say who spoke."""
    if isinstance(history, str):
        history = [history]
    return tuple(
        Message("user", turn) if isinstance(turn, str) else Message(turn["role"], turn["content"])
        for turn in history
    )


def _told(questions: Iterator[LabelledQuestion] | Any, dialogues: Path) -> Iterator[LabelledQuestion]:
    """The questions with all that was said before them, where `dialogues` has it."""
    said = {
        str(row.get("id")): row["messages"]
        for number, row in _rows(dialogues)
        if isinstance(row.get("messages"), list)
    }
    for one in questions:
        before = [turn for turn in said.get(one.id, []) if isinstance(turn, dict)]
        if before and before[-1].get("role") == "user":
            before = before[:-1]
        yield replace(one, history=_messages(before)) if before else one


def _judgements(path: Path) -> dict[str, dict[str, float]]:
    """Query id, corpus id and grade of each line; the header may be missing."""
    found: dict[str, dict[str, float]] = {}
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        cells = line.rstrip("\r").split("\t")
        try:
            query, article, grade = cells[0], cells[1], float(cells[2])
        except (IndexError, ValueError) as error:
            if number == 1:
                continue  # the header
            raise QuestionsUnreadable(
                f'Line {number} of {path} is no judgement ("{line[:60]}"): it needs query-id, corpus-id and '
                "score, parted by tabs."
            ) from error
        found.setdefault(query, {})
        if grade > 0:
            found[query][article] = grade
    if not found:
        raise QuestionsUnreadable(
            f"{path} holds no judgement: query-id, corpus-id and score, parted by tabs."
        )
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered rows of a CSV file with a header, or of JSON Lines."""
    text = _text(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        lines = text.lstrip("\ufeff").splitlines()
        delimiter = max(",;\t", key=(lines[0] if lines else "").count)
        for number, cells in enumerate(csv.DictReader(lines, delimiter=delimiter), start=2):
            yield number, {str(name).strip().lower(): cell for name, cell in cells.items() if name}
        return
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines: U+2028 may stand in a text
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise QuestionsUnreadable(f"Line {number} of {path} is not valid JSON ({error}).") from error
            if not isinstance(row, dict):
                raise QuestionsUnreadable(f"Line {number} of {path} is not a JSON object.")
            yield number, row


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsUnreadable(f"{path} cannot be read ({error}); give a UTF-8 text file.") from error


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name)), None)
