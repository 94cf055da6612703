"""A searcher over a handful of passages that ranks by shared words: small, real and exact."""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.articles.passage import Passage
from retrieval.languages.text import terms
from retrieval.search.earlier import Earlier
from retrieval.search.hits import Hit
from retrieval.search.past_questions import Precedent


class Words:
    """Finds the passages that share most words with the query."""

    version = "words"

    def __init__(self, passages: list[Passage]) -> None:
        self.passages = passages

    def search(
        self, query: str, k: int = 5, language: str | None = None, *, earlier: Sequence[Earlier] = ()
    ) -> list[Hit]:
        """All passages, those with most of the query's words first."""
        wanted = set(terms(query))

        def score(p: Passage) -> float:
            return len(wanted & set(terms(f"{p.context} {p.text}"))) + 0.5 * (p.language == language)

        ranked = sorted(self.passages, key=lambda p: (-score(p), p.id))
        return [Hit(p, score(p), 0.0, score(p), 0.0) for p in ranked[:k]]

    def article(self, name: str) -> list[Passage]:
        """The passages of one article."""
        return [p for p in self.passages if p.article == name]

    def precedents(self, question: str, leave_out: str = "") -> list[Precedent]:
        """Nobody asked before."""
        return []


def passage(article: str, title: str, text: str, heading: str = "") -> Passage:
    """A passage of the shop that these tests invent."""
    url = f"https://shop.example/{article}"
    language: str = "zh" if article.startswith("zh") else "en"
    return Passage(f"{article}#1", article, title, heading, text, url, language)


SHOP = Words(
    [
        passage(
            "en/refunds", "Refunds", "Refunds go back to your card within 5 business days after the check."
        ),
        passage("en/shipping", "Shipping costs", "Standard shipping costs $5.95 and is free from $60."),
        passage(
            "en/returns", "Returns", "You can return an item within 30 days of delivery if it is unused."
        ),
        passage(
            "en/mattress",
            "Mattress trial",
            "You can try a mattress for 60 nights. Write to help@shop.example.",
        ),
        passage(
            "en/cards",
            "Gift cards",
            "A gift card is valid for 3 years. A gift card cannot be exchanged for cash.",
        ),
        passage("en/points", "Club points", "100 points are worth $5 and points expire after 18 months."),
        passage("zh/refunds", "退款时间", "验货后5个工作日内原路退回您付款的账户。"),
        passage("zh/shipping", "运费", "满99元包邮，不满99元收运费12元。"),
        passage("zh/returns", "退货期限", "签收后7天内支持无理由退货，商品要未使用。"),
        passage("zh/cards", "礼品卡", "礼品卡3年内有效，不能兑换现金。"),
        passage("zh/points", "积分", "100分抵10元，积分18个月后过期。"),
    ]
)
