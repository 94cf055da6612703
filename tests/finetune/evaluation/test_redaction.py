"""The labelled sentences are found as well as promised, and a wrong label is named by its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finetune.errors import QuestionsUnreadable
from finetune.evaluation.redaction import read_labelled, run

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "redaction.jsonl"
STRICT = ("email", "phone", "card", "id", "order")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_labelled_examples(language: str) -> None:
    scores = run(EXAMPLES)[language]
    for kind in (*STRICT, "name", "address", "ip", "link"):
        assert scores[kind]["labelled"] >= 30
        assert scores[kind]["recall"] >= (0.98 if kind in STRICT else 0.90), kind
    assert scores["all"]["precision"] >= 0.90


def test_how_it_counts(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    rows = [
        {"text": "mail a@b.example or c@d.example", "entities": [{"type": "email", "text": "a@b.example"}]},
        {"text": "nothing to see", "language": "en"},
        {"text": "the word quux", "entities": [{"type": "name", "start": 9, "end": 13}]},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    report = run(file)
    assert report["sentences"] == 3
    assert (report["en"]["email"]["recall"], report["en"]["email"]["precision"]) == (1.0, 0.5)
    assert report["all"]["name"]["recall"] == 0.0
    assert report["missed"] == ['line 3: name "quux" in "the word quux"']
    assert report["wrong"] == ['line 1: email "c@d.example" in "mail a@b.example or c@d.example"']


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "x.jsonl:1"),
        ('{"text": "a", "entities": [{"type": "shoe", "start": 0, "end": 1}]}', 'unknown type "shoe"'),
        ('{"text": "a", "entities": [{"type": "name", "text": "b"}]}', '"b" is not in the text'),
        ("", "is empty"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    (tmp_path / "x.jsonl").write_text(line)
    with pytest.raises(QuestionsUnreadable, match=why):
        list(read_labelled(tmp_path / "x.jsonl"))
