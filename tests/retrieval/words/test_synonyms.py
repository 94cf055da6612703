"""A search for one word of a group finds the others, in both languages, and scores stay comparable."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from retrieval.errors import BadSynonyms
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.words.lexical import Lexical
from retrieval.words.synonyms import Synonyms, read_synonyms
from tests.retrieval.hashing import HashingEmbedder

GROUPS = [["money back", "refund", "退款"], ["couch", "sofa"]]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    (tmp_path / "docs").mkdir()
    for name, text in {
        "refunds": "# Refunds\n\nA refund takes five days.",
        "退款": "# 退款\n\n五天内到账。",
        "sofas": "# Sofas\n\nA sofa comes in two parts.",
        "money": "# Money\n\nWe take any money.",
    }.items():
        (tmp_path / "docs" / f"{name}.md").write_text(text)
    ingest([tmp_path / "docs"], tmp_path / "index", HashingEmbedder())
    return Index.open(tmp_path / "index", HashingEmbedder())


def write(tmp_path: Path, text: str, age: int = 0) -> None:
    path = tmp_path / "index" / "synonyms.txt"
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1_000_000 + age, 1_000_000 + age))


def best(index: Index, query: str) -> str:
    return index.search(query, 1, way="lexical")[0].passage.article


def test_a_group_works_in_every_direction_once_the_file_is_there(index: Index, tmp_path: Path) -> None:
    assert best(index, "How do I get my money back?") == "money"
    write(tmp_path, "# ours\nmoney back, refund, 退款\ncouch，sofa  # British\n")
    index.refresh()
    found = {
        hit.passage.article for hit in index.search("get my money back", 5, way="lexical") if hit.lexical
    }
    assert {"refunds", "退款"} <= found
    assert best(index, "a new couch") == "sofas"
    assert best(index, "怎么退款？") in {"退款", "refunds"}
    hit = index.search("my couch", 1, way="lexical")[0]
    assert hit.coverage == 1
    assert hit.score <= 1


def test_the_score_never_exceeds_the_bound(index: Index) -> None:
    lexical = Lexical.build(index.passages)
    for query in ("money back for a sofa", "refund", "退款 couch parts", "nothing known"):
        wording = Synonyms(GROUPS).wording(query)
        assert wording.scores(lexical).max() <= wording.bound(lexical) + 1e-6


def test_words_of_no_group_stay_as_they_are() -> None:
    wording = Synonyms(GROUPS).wording("back of the money box")
    assert wording.groups == ()
    assert wording.words == Synonyms().wording("back of the money box").words


def test_a_bad_file_stops_a_start_but_not_a_running_server(index: Index, tmp_path: Path) -> None:
    write(tmp_path, "couch, sofa", 1)
    index.refresh()
    write(tmp_path, "couch, sofa\nalone\n", 2)
    index.refresh()
    assert best(index, "a new couch") == "sofas"
    with pytest.raises(BadSynonyms, match="Line 2"):
        Index.open(tmp_path / "index", HashingEmbedder())


@pytest.mark.parametrize("line", ["one", "the, of", "refund,", "好的, 的"])
def test_a_line_without_two_words_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "synonyms.txt").write_text(f"\n# fine\n{line}\n", encoding="utf-8")
    with pytest.raises(BadSynonyms, match="Line 3"):
        read_synonyms(tmp_path)
