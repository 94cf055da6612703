"""Help articles give question and answer pairs of whole sentences, one of each article before a second."""

from __future__ import annotations

import random

from finetune.dataset.from_articles import article_exchanges
from tests.finetune.search.searched import passage


def test_heading_and_first_sentences() -> None:
    text = "Points expire 18 months after they were credited. The oldest go first. A third is left out."
    (one,) = article_exchanges([passage("en/club", "Club points", text, "How > Expiry")], 9, random.Random(0))
    assert one.question == "Club points: expiry"
    assert one.sentences == (
        "Points expire 18 months after they were credited.",
        "The oldest go first.",
    )
    assert (one.customer_id, one.source) == ("", "article")


def test_lists_tables_and_scraps_are_no_answers() -> None:
    texts = [
        "- a list of something long enough to count",
        "| a | table |\n|---|---|",
        "Short.",
        "No full stop at the end of it",
    ]
    assert not list(
        article_exchanges([passage(f"en/{i}", "T", t) for i, t in enumerate(texts)], 9, random.Random(0))
    )


def test_both_languages_and_every_article_before_the_second_of_one() -> None:
    long = "This sentence is long enough to be an answer to a customer."
    same = [passage("en/a", "A", long, f"H{i}") for i in range(5)]
    other = [passage("zh/b", "退货", "签收后7天内支持无理由退货，商品要未使用。", "期限")]
    found = list(article_exchanges([*same, *other], 2, random.Random(3)))
    assert {c.language for c in found} == {"en", "zh"}
    assert "退货，期限" in {c.question for c in found}
