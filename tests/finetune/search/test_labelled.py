"""Labelled questions: three sources, a stable split, and one clear sentence for what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finetune.errors import PairsUnreadable
from finetune.search.labelled import Labelled, read_labelled, split


def test_lines_with_one_article_several_or_none(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    rows = [
        {"question": "How long?", "article": "returns"},
        {"question": " How long? ", "article": ["shipping"]},
        {"question": "Do you sell tea?", "article": None},
    ]
    file.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    assert read_labelled([file], tmp_path) == [
        Labelled("How long?", frozenset({"returns", "shipping"})),
        Labelled("Do you sell tea?", frozenset()),
    ]


def test_a_folder_of_queries_and_judgements(tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_text(
        '{"id": "1", "text": "How long?"}\n{"id": "2", "text": "not judged"}\n'
    )
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t1\n1\tb\t0\n1\tc\t2\n")
    assert read_labelled([tmp_path], tmp_path) == [Labelled("How long?", frozenset({"a", "c"}))]


def test_what_the_index_has_learnt(tmp_path: Path) -> None:
    with pytest.raises(PairsUnreadable, match="--logs"):
        read_labelled([], tmp_path)
    (tmp_path / "asked").mkdir()
    (tmp_path / "asked" / "questions.jsonl").write_text(
        '{"question": "Money back?", "article": "returns", "answer": "Yes."}\n'
        '{"question": "Tea?", "article": "", "answer": ""}\n'
    )
    assert read_labelled([], tmp_path) == [
        Labelled("Money back?", frozenset({"returns"})),
        Labelled("Tea?", frozenset()),
    ]


@pytest.mark.parametrize(
    "line", ["no JSON", "[1]", '{"question": 3, "article": "a"}', '{"question": "a", "article": 3}']
)
def test_a_bad_line_is_named(line: str, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"question": "a", "article": "b"}\n' + line)
    with pytest.raises(PairsUnreadable, match="line 2"):
        read_labelled([file], tmp_path)


def test_bad_judgements_are_named(tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_text('{"id": "1", "text": "How long?"}\n')
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1 a 1\n")
    with pytest.raises(PairsUnreadable, match=r"qrels\.tsv, line 2"):
        read_labelled([tmp_path], tmp_path)
    with pytest.raises(PairsUnreadable, match="cannot be read"):
        read_labelled([tmp_path / "absent.jsonl"], tmp_path)


def test_a_question_stays_on_its_side() -> None:
    many = [Labelled(f"Question {n}?", frozenset({"a"})) for n in range(300)]
    train, held = split(many)
    assert 30 < len(held) < 90
    assert len(train) + len(held) == 300
    assert set(split(many[::3])[1]) <= set(held)
    more = [Labelled(f"Question {n}?", frozenset({"a"})) for n in range(9000)]
    assert 500 < len(split(more)[1]) < 700
    shouted = Labelled(held[0].question.upper(), held[0].articles)
    assert split([shouted]) == ([], [shouted])
