"""The weights of "answerable" are found again where they are known, and samples come in pairs."""

import json
from pathlib import Path

import numpy as np
import pytest

from finetune.evaluation.calibrate import Sample, fit, from_judged, from_logs
from retrieval.index import Index
from retrieval.ingest import ingest
from tests.finetune.evaluation.held_out import CASH, REFUNDS, shop_index
from tests.retrieval.hashing import HashingEmbedder

NAMES = ("bias", "dense", "whitened")
TRUE = (-2.0, 3.0, 4.0)
ARTICLES = {
    "refunds": "A refund takes five days.",
    "gift": "A gift card never expires.",
    "van": "A van comes.",
}


def made_up(count: int) -> list[Sample]:
    """Samples whose log-odds are TRUE."""
    rng = np.random.default_rng(0)
    seen = [{"bias": 1.0, "dense": rng.random(), "whitened": rng.random()} for _ in range(count)]
    odds = [sum(w * one[name] for w, name in zip(TRUE, NAMES, strict=True)) for one in seen]
    return [Sample(s, bool(rng.random() < 1 / (1 + np.exp(-o)))) for s, o in zip(seen, odds, strict=True)]


def test_known_weights_are_found_again() -> None:
    samples = made_up(8000)
    found = fit([samples], NAMES)
    assert found["dense"] == pytest.approx(3.0, abs=0.4)
    assert found["whitened"] == pytest.approx(4.0, abs=0.4)


def test_how_many_of_a_set_are_answerable_does_not_count() -> None:
    samples = made_up(8000)
    doubled = [*samples, *(sample for sample in samples if sample.answerable)]
    assert fit([doubled], NAMES)["bias"] == pytest.approx(fit([samples], NAMES)["bias"], abs=0.15)


def test_each_judged_question_is_seen_with_and_without_its_article(tmp_path: Path) -> None:
    rows = [{"id": id, "title": id, "text": text} for id, text in ARTICLES.items()]
    write(tmp_path / "corpus.jsonl", rows)
    write(tmp_path / "queries.jsonl", [{"id": "q", "text": "How many days does a refund take?"}])
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\trefunds\t1\n")
    ingest([tmp_path / "corpus.jsonl"], tmp_path / "index", HashingEmbedder())
    with_it, without = from_judged(tmp_path, Index.open(tmp_path / "index", HashingEmbedder()))
    assert with_it.answerable
    assert not without.answerable
    assert with_it.signs["dense"] > without.signs["dense"]


def test_each_past_question_is_seen_with_and_without_its_article(tmp_path: Path) -> None:
    index = shop_index(tmp_path)
    answers = {
        REFUNDS: "Refunds go back to your card within 5 business days of the return.",
        CASH: "No, a gift card cannot be exchanged for cash.",
    }
    talks = [
        {"messages": [{"role": "customer", "text": asked}, {"role": "agent", "text": told}]}
        for asked, told in answers.items()
    ]
    write(tmp_path / "log.jsonl", talks)
    samples = list(from_logs([tmp_path / "log.jsonl"], index))
    assert [sample.answerable for sample in samples] == [True, False, True, False]


def write(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
