"""Measure redaction on labelled sentences: recall and precision, by type and language."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatbot.privacy.redact import Memory, find
from chatbot.privacy.rules import RedactionRules
from chatbot.privacy.spans import KINDS, Span
from finetune.errors import QuestionsUnreadable
from retrieval.languages.text import language_of

MISSES = 200  # of each sort that the report lists


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence and where its personal data is."""

    line: int
    text: str
    language: str
    spans: tuple[Span, ...]


@dataclass(slots=True)
class Score:
    """`hidden` of `labelled` values had every letter replaced; `right` of `replaced` spans touch a label."""

    labelled: int = 0
    hidden: int = 0
    same_type: int = 0
    replaced: int = 0
    right: int = 0

    def as_dict(self) -> dict[str, float | int | None]:
        """Recall and precision, None where there is nothing to divide by."""
        return {
            "labelled": self.labelled,
            "recall": self.hidden / self.labelled if self.labelled else None,
            "recall_same_type": self.same_type / self.labelled if self.labelled else None,
            "replaced": self.replaced,
            "precision": self.right / self.replaced if self.replaced else None,
        }


@dataclass(slots=True)
class _Sheet:
    scores: dict[tuple[str, str], Score] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def of(self, language: str, kind: str) -> list[Score]:
        """The scores that a span of this kind counts for."""
        keys = [(part, name) for part in ("all", language) for name in ("all", kind)]
        return [self.scores.setdefault(key, Score()) for key in keys]


def run(file: Path, rules: RedactionRules = RedactionRules()) -> dict[str, Any]:
    """Redact each sentence of `file` alone and compare with its labels.

    Returns {"sentences", "all", "en", "zh", "missed", "wrong"}: scores by language, then by type. Raises
    QuestionsUnreadable, naming the line, when a line is not as `read_labelled` says.
    """
    sheet = _Sheet()
    sentences = 0
    for sentence in read_labelled(file):
        sentences += 1
        _compare(sentence, find(sentence.text, Memory(rules)), sheet)
    report: dict[str, Any] = {"sentences": sentences}
    for language in ("all", "en", "zh"):
        kinds = [kind for part, kind in sheet.scores if part == language]
        report[language] = {k: sheet.scores[language, k].as_dict() for k in ("all", *KINDS) if k in kinds}
    return report | {"missed": sheet.missed[:MISSES], "wrong": sheet.wrong[:MISSES]}


def read_labelled(file: Path) -> Iterator[Labelled]:
    """One JSON object a line: "text", perhaps "language", and "entities", a list of objects with "type" and
    either "start" and "end" (letters, from 0) or "text", the value as it stands in the sentence.
    """
    found = 0
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        found += 1
        try:
            row = json.loads(line)
            text = row["text"]
            spans = tuple(_spans(text, row.get("entities", [])))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise QuestionsUnreadable(
                f'{file}:{number}: {error}: each line needs "text" and "entities" with "type" and '
                '"start" and "end" or "text".'
            ) from error
        yield Labelled(number, text, str(row.get("language") or language_of(text))[:2], spans)
    if not found:
        raise QuestionsUnreadable(f"{file} is empty: give labelled sentences, one JSON object a line.")


def _spans(text: str, entities: list[dict[str, Any]]) -> Iterator[Span]:
    for entity in entities:
        kind = str(entity["type"])
        if kind not in KINDS:
            raise ValueError(f'unknown type "{kind}" (known: {", ".join(KINDS)})')
        if "start" in entity:
            yield Span(int(entity["start"]), int(entity["end"]), kind)
            continue
        places = [m.span() for m in re.finditer(re.escape(entity["text"]), text)]
        if not places:
            raise ValueError(f'"{entity["text"]}" is not in the text')
        yield from (Span(start, end, kind) for start, end in places)


def _compare(sentence: Labelled, found: list[Span], sheet: _Sheet) -> None:
    covered = Counter(place for span in found for place in range(span.start, span.end))
    for label in sentence.spans:
        letters = [i for i in range(label.start, label.end) if sentence.text[i].isalnum()]
        hidden = all(i in covered for i in letters)
        typed = any(s.kind == label.kind and _touch(s, label) for s in found)
        for score in sheet.of(sentence.language, label.kind):
            score.labelled += 1
            score.hidden += hidden
            score.same_type += hidden and typed
        if not hidden:
            sheet.missed.append(_shown(sentence, label))
    for span in found:
        right = any(_touch(span, label) for label in sentence.spans)
        for score in sheet.of(sentence.language, span.kind):
            score.replaced += 1
            score.right += right
        if not right:
            sheet.wrong.append(_shown(sentence, span))


def _touch(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _shown(sentence: Labelled, span: Span) -> str:
    return f'line {sentence.line}: {span.kind} "{sentence.text[span.start : span.end]}" in "{sentence.text}"'
