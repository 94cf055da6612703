"""An explanation has the numbers of the search itself, and answers for an article that was expected."""

from __future__ import annotations

import pytest

from retrieval.explain import explain
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.search.filters import Filter
from tests.retrieval.hashing import HashingEmbedder


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("explain")
    (folder / "docs").mkdir()
    articles = {
        f"lamp{n}": f"# Lamp {n}\n\nA lamp of {'very ' * n}bright light number{n}." for n in range(80)
    }
    articles["secret"] = "---\naudience: internal\n---\n# Lamp codes\n\nThe lamp code is SESAME."
    articles["sofa"] = "---\nproduct: Sofa\n---\n# Sofas\n\nTwo parts."
    articles["copy"] = "# Lamp 3\n\nA lamp of very very very bright light number3."
    for name, text in articles.items():
        (folder / "docs" / f"{name}.md").write_text(text)
    ingest([folder / "docs"], folder / "index", HashingEmbedder())
    return Index.open(folder / "index", HashingEmbedder())


def test_the_hits_are_those_of_the_search(index: Index) -> None:
    told = explain(index, "lamp number7 light", 5)
    assert [reason.hit for reason in told.hits] == index.search("lamp number7 light", 5)
    first = told.hits[0]
    assert first.hit.passage.article == "lamp7"
    assert told.familiarity is None
    assert (first.lexical_rank, first.dense_rank) == (1, 1)
    assert sum(first.terms.values()) == pytest.approx(first.hit.lexical, rel=1e-3)
    assert first.fused * first.boost == pytest.approx(first.hit.score)
    assert explain(index, "lamp", 1, "zh").hits[0].boost < 1


@pytest.mark.parametrize(
    ("why", "where", "told"),
    [
        ("lamp7", Filter(), "found, at place 1"),
        ("sofa", Filter("internal"), "not among the"),
        ("sofa", Filter(product="Lamp"), 'its product is "Sofa"'),
        ("secret", Filter(), "--audience internal"),
        ("nothing", Filter(), "no article"),
        ("lamp3", Filter(), "is at place"),
    ],
)
def test_why(index: Index, why: str, where: Filter, told: str) -> None:
    assert told in explain(index, "lamp number7", 2, where=where, why=why, outsider=False).why


def test_a_repetition_is_named(index: Index) -> None:
    both = {why: explain(index, "lamp number3", 2, why=why).why for why in ("lamp3", "copy")}
    assert sorted("says the same" in text for text in both.values()) == [False, True]


def test_to_an_outsider_an_internal_article_does_not_exist(index: Index) -> None:
    secret = explain(index, "lamp code SESAME", why="secret")
    assert secret.why.replace("secret", "x") == explain(index, "lamp code SESAME", why="x").why
    assert secret.left_out == {}
    assert explain(index, "lamp", outsider=False).left_out == {"audience": 1}


def test_a_blank_query_explains_nothing(index: Index) -> None:
    assert explain(index, "  ", why="lamp3").hits == []
