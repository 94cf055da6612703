"""Sources: one an article, widened to what stands around, in the customer's language where there is one."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chatbot.turn.search import WIDTHS, find_sources, sections, widen
from retrieval.articles.passage import Passage
from retrieval.articles.split import size
from retrieval.search.earlier import Earlier
from retrieval.search.hits import Hit


def passage(article: str, n: int, text: str, heading: str = "", language: str = "en") -> Passage:
    return Passage(f"{article}#{n}", article, article.title(), heading, text, "", language)


class Shelf:
    """Articles whose passages are found in the order given."""

    def __init__(self, *found: Passage) -> None:
        self.found = found

    def search(
        self, query: str, k: int = 5, language: str | None = None, *, earlier: Sequence[Earlier] = ()
    ) -> list[Hit]:
        return [Hit(p, 1.0 - n / 10, 0.5, 1.0, 0.5) for n, p in enumerate(self.found)][:k]

    def article(self, name: str) -> list[Passage]:
        return sorted((p for p in self.found if p.article == name), key=lambda p: p.id)


def test_one_source_an_article() -> None:
    shelf = Shelf(
        passage("refunds", 1, "One."), passage("refunds", 0, "Zero."), passage("shipping", 0, "Ship.")
    )
    sources = find_sources(shelf, "?", "en", {})
    assert [s.passage.article for s in sources] == ["refunds", "shipping"]
    assert sources[0].passage.text == "Zero.\nOne."


def test_another_language_only_when_it_is_best() -> None:
    english, chinese = passage("a", 0, "Text."), passage("b", 0, "文字。", language="zh")
    assert [s.passage.article for s in find_sources(Shelf(english, chinese), "?", "en", {})] == ["a"]
    assert [s.passage.article for s in find_sources(Shelf(english, chinese), "?", "zh", {})] == ["a", "b"]


@given(st.lists(st.integers(1, 200), min_size=1, max_size=8), st.data())
def test_widening_keeps_the_passage_the_order_and_the_bound(lengths: list[int], data: st.DataObject) -> None:
    article = [
        passage("a", n, f"start{n} " + ("word " * length).strip(), f"H{n}")
        for n, length in enumerate(lengths)
    ]
    found = data.draw(st.sampled_from(article))
    wide = widen([found], article, WIDTHS[0])
    kept = [p for p in article if p.text in wide.text]
    assert found in kept
    assert [p.text for p in kept] == [text for _, text in sections(wide.text)]
    assert len(kept) == 1 or sum(size(p.text) for p in kept) <= WIDTHS[0]


def test_an_article_that_answered_the_same_question_before_moves_up() -> None:
    shelf = Shelf(passage("refunds", 0, "One."), passage("shipping", 0, "Ship."))
    sources = find_sources(shelf, "?", "en", {"shipping": 0.95, "": 0.9})
    assert [s.passage.article for s in sources] == ["shipping", "refunds"]
    assert sources[0].asked == 0.95


def test_sections_are_found_again() -> None:
    article = [passage("a", 0, "Intro."), passage("a", 1, "Body.", "Cost"), passage("a", 2, "More.", "Cost")]
    assert sections(widen(article[:1], article, WIDTHS[0]).text) == [("", "Intro."), ("Cost", "Body.\nMore.")]
