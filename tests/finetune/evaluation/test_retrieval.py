"""Measuring the search: files of every form, measures with known values, runs that are compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.settings import load_settings
from chatbot.turn.message import Message
from finetune.errors import QuestionsUnreadable
from finetune.evaluation.earlier_runs import compare, record
from finetune.evaluation.questions import Files, files_of, read_judged, sample
from finetune.evaluation.rankings import measures
from finetune.evaluation.retrieval_plot import plot_retrieval
from finetune.evaluation.retrieval_set import measure_set
from tests.retrieval.hashing import HashingEmbedder

CORPUS = [
    {"id": "refunds", "title": "Refunds", "text": "A refund reaches you within five business days."},
    {"id": "shipping", "title": "Shipping costs", "text": "Standard shipping costs six dollars."},
    {"id": "gift", "title": "Gift cards", "text": "A gift card never expires."},
    {"id": "tuihuo", "title": "退货", "text": "三十天内可以申请退货。"},
]
QUERIES: list[dict[str, Any]] = [
    {"id": "q1", "text": "when does my refund reach me"},
    {"id": "q2", "text": "how much is that", "history": ["what are the shipping costs?"]},
    {"id": "q3", "text": "怎么退货？"},
    {"id": "q4", "text": "not judged"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\trefunds\t2\nq1\tgift\t0\nq2\tshipping\t1\nq3\ttuihuo\t1\n"


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "set"
    place.mkdir()
    (place / "corpus.jsonl").write_text(lines(CORPUS))
    (place / "queries.jsonl").write_text(lines(QUERIES))
    (place / "qrels.tsv").write_text(QRELS)
    return place


def measured(folder: Path, home: Path, **how: Any) -> dict[str, Any]:
    return measure_set(files_of(folder), load_settings(home=home), embedder=HashingEmbedder(), **how)


def test_measures_of_a_known_ranking() -> None:
    found = measures(["x", "a", "y", "b"], {"a": 1.0, "b": 1.0})
    assert found["hit@1"] == 0
    assert found["recall@5"] == found["recall@10"] == 1
    assert found["mrr"] == 0.5
    assert found["ndcg@10"] == pytest.approx((0.63093 + 0.43068) / (1 + 0.63093), abs=1e-4)


@given(
    st.lists(st.sampled_from("abcdefghijklmnop"), unique=True),
    st.sets(st.sampled_from("abcdwxyz"), min_size=1),
)
def test_measures_lie_between_0_and_1_and_the_ideal_order_gets_1(found: list[str], right: set[str]) -> None:
    relevant = dict.fromkeys(right, 1.0)
    assert all(0 <= value <= 1 + 1e-9 for value in measures(found, relevant).values())
    assert measures(sorted(right), relevant)["ndcg@10"] == pytest.approx(1)


def test_every_way_is_measured_and_the_second_run_is_compared(folder: Path, tmp_path: Path) -> None:
    first = measured(folder, tmp_path / "home")
    assert (first["questions"], first["passages"], first["change"]) == (3, 4, None)
    assert set(first["measures"]) == {"all", "en", "zh"}
    assert set(first["measures"]["all"]) == {"lexical", "dense", "fused", "last turn alone", "gain"}
    fused = first["measures"]["all"]["fused"]["recall@5"]
    assert 0 <= fused["low"] <= fused["mean"] <= fused["high"] <= 1
    assert {"embedding", "dense", "words", "fusing", "whole"} == set(first["milliseconds"])
    again = measured(folder, tmp_path / "home")
    assert again["change"]["verdict"] == "no clear difference"
    assert again["change"]["mean"] == 0


def test_nothing_is_embedded_twice(folder: Path, tmp_path: Path) -> None:
    measured(folder, tmp_path / "home")
    steps: list[str] = []
    measured(folder, tmp_path / "home", on_step=lambda what, done, total: steps.append(what))
    assert set(steps) == {"Asking"}


def test_history_is_searched_with_unless_told_otherwise(folder: Path, tmp_path: Path) -> None:
    rows = {row["id"]: row for row in measured(folder, tmp_path)["rows"]}
    assert rows["q2"]["earlier"] == ["what are the shipping costs?"]
    assert rows["q2"]["fused"]["hit@1"] == 1
    alone = measured(folder, tmp_path, last_turn_only=True)
    assert "last turn alone" not in alone["measures"]["all"]


def test_a_part_of_the_corpus_keeps_what_answers(folder: Path, tmp_path: Path) -> None:
    report = measured(folder, tmp_path, articles=3, questions=2)
    assert (report["passages"], report["questions"]) == (3, 2)


def test_history_of_messages_and_dialogues(folder: Path) -> None:
    said = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    (folder / "dialogues.jsonl").write_text(
        lines(
            [{"id": "q1", "messages": [*said, {"role": "user", "content": "when does my refund reach me"}]}]
        )
    )
    (first, second, _), notes = read_judged(files_of(folder))
    assert first.history == (Message("user", "a"), Message("assistant", "b"))
    assert second.history == (Message("user", "what are the shipping costs?"),)
    assert first.relevant == {"refunds": 2.0}
    assert notes == []


def test_a_table_names_its_articles(tmp_path: Path) -> None:
    table = tmp_path / "questions.csv"
    table.write_text("question,article\nwhere is it,a; b\nwho knows,\n")
    (one,), notes = read_judged(Files(None, table))
    assert set(one.relevant) == {"a", "b"}
    assert notes == ["1 questions without an article are left out."]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("qrels.tsv", "", "holds no judgement"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\nq1 refunds 1\n", "Line 2"),
        ("qrels.tsv", "other\trefunds\t1\n", "No query id"),
        ("qrels.tsv", "q1\tnowhere\t1\n", "None of the articles"),
        ("queries.jsonl", "", "is empty"),
        ("queries.jsonl", "{nonsense\n", "not valid JSON"),
        ("queries.jsonl", '{"id": "q1"}\n', "has no question"),
        ("queries.jsonl", '{"id": "q1", "text": "x", "history": [5]}\n', "history"),
    ],
)
def test_bad_files_give_one_sentence(folder: Path, tmp_path: Path, name: str, text: str, told: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(QuestionsUnreadable, match=told) as caught:
        measured(folder, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_without_qrels_is_told(folder: Path) -> None:
    (folder / "qrels.tsv").unlink()
    with pytest.raises(QuestionsUnreadable, match=r"has no qrels\.tsv"):
        files_of(folder)


def test_a_sample_is_always_the_same(folder: Path) -> None:
    judged, _ = read_judged(files_of(folder))
    assert sample(judged, 2) == sample(judged, 2)
    assert len(sample(judged, 2)) == 2


def test_runs_tell_better_from_worse(tmp_path: Path) -> None:
    assert compare(tmp_path, {"a": 1.0}) is None
    record(tmp_path, {}, {str(i): 0.2 for i in range(30)})
    (tmp_path / "runs.jsonl").open("a").write('{"cut off')
    change = compare(tmp_path, {str(i): 0.5 for i in range(30)})
    assert change is not None
    assert (change["verdict"], change["mean"]) == ("better", 0.3)
    assert compare(tmp_path, {"other": 0.5}) is None


def test_the_plot_is_a_picture(folder: Path, tmp_path: Path) -> None:
    plot_retrieval([measured(folder, tmp_path)], tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


class TunedHashing(HashingEmbedder):
    """As a tuned embedder: the passages and the name of another one, and questions of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.version = "tuned@1"

    def encode_questions(self, texts: Sequence[str]) -> np.ndarray:
        return -self.encode(texts)


def test_the_questions_of_a_tuned_embedder_are_its_own(folder: Path, tmp_path: Path) -> None:
    before = measured(folder, tmp_path / "home")
    after = measure_set(files_of(folder), load_settings(home=tmp_path / "home"), embedder=TunedHashing())
    assert after["embedder"] == "tuned@1"
    dense = [run["measures"]["all"]["dense"]["mrr"]["mean"] for run in (before, after)]
    assert dense[1] < dense[0]
