"""Nothing internal reaches a customer by any way through the index, and the other filters filter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chatbot.turn.search import search
from retrieval.articles.metadata import audience, metadata
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.search.filters import Filter, nearest
from retrieval.search.past_questions import PAST_QUESTIONS, PastQuestion, Precedent, write_past_questions
from retrieval.vectors.faiss_index import Dense
from tests.retrieval.hashing import HashingEmbedder

STAFF = Filter("internal")
SECRET = "---\naudience: internal\n---\n# Refund limits\n\nAgents may refund up to 500 euros, code SESAME-1."
ARTICLES = {
    "limits.md": SECRET,
    "refunds.md": "---\nproduct: Lamp Pro\ntags: money\n---\n# Refunds\n\nA refund takes five days.",
    "delivery.md": "---\nlanguage: en-US\nproduct: Sofa\n---\n# Delivery\n\nA parcel takes three days.",
    "faq.csv": "id,question,answer,visibility\nq1,Refund code?,The refund code is SESAME-2.,agents\n",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for name, text in ARTICLES.items():
        (tmp_path / "docs" / name).write_text(text)
    return tmp_path / "docs"


@pytest.fixture
def index(docs: Path, tmp_path: Path) -> Index:
    ingest([docs], tmp_path / "index", HashingEmbedder())
    return Index.open(tmp_path / "index", HashingEmbedder())


def found(index: Index, query: str, where: Filter = Filter()) -> set[str]:
    return {hit.passage.article for hit in index.search(query, 10, where=where)}


@pytest.mark.parametrize("query", ["refund code SESAME-1", "refund limits agents", "SESAME-2", "code", "的"])
def test_internal_passages_are_found_by_staff_alone(index: Index, query: str) -> None:
    assert found(index, query) <= {"refunds", "delivery"}
    assert found(index, query, STAFF) >= {"limits", "q1"}


def test_no_other_door_leads_to_an_internal_article(index: Index) -> None:
    assert index.article("limits") == []
    assert index.article("limits", STAFF)
    assert {passage.article for passage in index.passages} == {"refunds", "delivery"}


class Remembering:
    """An index that still remembers an old list of past questions."""

    def __init__(self, index: Index, old: list[Precedent]) -> None:
        self.search, self.article = index.search, index.article
        self.old = old

    def precedents(self, question: str, leave_out: str = "") -> list[Precedent]:
        return self.old


def test_past_questions_do_not_lead_to_what_is_internal_or_gone(index: Index, tmp_path: Path) -> None:
    pairs = [
        PastQuestion("How much may be refunded?", "limits", "Up to 500."),
        PastQuestion("How much may be refunded then?", "deleted", "Up to 400."),
        PastQuestion("How much may be refunded by zeppelin?", ""),
        PastQuestion("When is it refunded?", "refunds", "In five days."),
    ]
    write_past_questions(pairs, tmp_path / "index" / PAST_QUESTIONS, HashingEmbedder())
    index.refresh()
    precedents = index.precedents("How much may be refunded?")
    assert {p.past.article for p in precedents} == {"", "refunds"}
    remembered = [Precedent(PastQuestion("?", article), 1.0) for article in ("limits", "q1")]
    sources = search(Remembering(index, remembered), "How much may be refunded, SESAME-1?", [], "en").sources
    assert {source.passage.article for source in sources} <= {"refunds", "delivery"}
    assert "SESAME" not in "".join(source.passage.text for source in sources)


def test_an_article_that_becomes_internal_disappears(index: Index, docs: Path, tmp_path: Path) -> None:
    (docs / "refunds.md").write_text(ARTICLES["refunds.md"].replace("tags", "audience: staff\ntags"))
    embedder = HashingEmbedder()
    assert ingest([docs], tmp_path / "index", embedder).changed == 1
    assert embedder.encoded == []
    index.refresh()
    assert found(index, "refund") == {"delivery"}


def test_a_public_copy_of_an_internal_article_is_still_found(
    index: Index, docs: Path, tmp_path: Path
) -> None:
    (docs / "open.md").write_text(SECRET.replace("internal", "public"))
    ingest([docs], tmp_path / "index", HashingEmbedder())
    index.refresh()
    assert "open" in found(index, "refund limits for agents")


def test_many_internal_passages_do_not_crowd_out_public_ones() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(6000, 16)).astype("float32")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    languages = np.where(np.arange(6000) % 3 == 0, "zh", "en")
    allowed = rng.random(6000) < 0.2
    dense = Dense(vectors, list(languages))
    for vector in vectors[:5]:
        rows = nearest(dense, vector, 50, allowed, languages)
        assert allowed[rows].all()
        for language in ("en", "zh"):
            mine = np.flatnonzero(allowed & (languages == language))
            best = mine[np.argsort(-(vectors[mine] @ vector))[:50]]
            assert set(best) <= set(rows)


def test_language_product_and_tag(index: Index) -> None:
    assert found(index, "days", Filter(product="lamp pro")) == {"refunds"}
    assert found(index, "days", Filter(tags=("Money",))) == {"refunds"}
    assert found(index, "days", Filter(tags=("money", "other"))) == set()
    assert found(index, "days", Filter(language="zh")) == set()
    assert found(index, "days", Filter(language="en")) == {"refunds", "delivery"}


@pytest.mark.parametrize("word", ["internal", "Internl", "agents", "private", ["public", "staff"], 7])
def test_what_is_not_surely_public_is_internal(word: object) -> None:
    assert audience(word) == "internal"


def test_metadata_in_both_languages() -> None:
    assert metadata({"语言": "zh-CN", "产品": "台灯", "受众": "公开", "标签": "退货、运费"}) == metadata(
        {"language": "zh", "product": "台灯", "audience": "public", "tags": ["退货", "运费"]}
    )
    assert metadata({"lang": "de"}).language == ""
