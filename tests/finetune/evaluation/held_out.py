"""A shop with an index on disk and held-out examples about it, for tests that go through the whole turn."""

from __future__ import annotations

from pathlib import Path

from finetune.dataset.example import Example
from retrieval.articles.passage import Passage
from retrieval.index import Index
from retrieval.ingest import ingest
from tests.finetune.search.searched import SHOP
from tests.retrieval.hashing import HashingEmbedder

REFUNDS = "How many business days does a refund to my card take?"
CASH = "Can a gift card be exchanged for cash?"
MATTRESS = "For how many nights can I try a mattress?"
ZH_CARDS = "礼品卡几年内有效？"


def shop_index(folder: Path) -> Index:
    """The shop's articles, ingested."""
    for passage in SHOP.passages:
        file = folder / "articles" / f"{passage.article}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        head = f"---\ntitle: {passage.title}\nurl: {passage.url}\ntags: [{passage.article[3:]}]\n---\n\n"
        file.write_text(f"{head}# {passage.title}\n\n{passage.text}\n", encoding="utf-8")
    ingest([folder / "articles"], folder / "index", HashingEmbedder())
    return Index.open(folder / "index", HashingEmbedder())


def held_out(index: Index) -> list[Example]:
    """Two that have an answer, one Chinese, one twin without, and one that nobody can answer."""
    refund = _example(
        index, "a-1", REFUNDS, "en/refunds", "Refunds go back to your card within 5 business days."
    )
    return [
        refund,
        _example(
            index, "b-1", CASH, "en/cards", "No, a gift card cannot be exchanged for cash.", channel="email"
        ),
        _example(index, "c-1", ZH_CARDS, "zh/cards", "礼品卡3年内有效。"),
        _example(index, "a-1-none", REFUNDS, "", ""),
        _example(index, "d-1", "Is the mattress cover vegan?", "", "", channel="email"),
    ]


def _example(
    index: Index, id: str, question: str, article: str, answer: str, channel: str = "chat"
) -> Example:
    gold: list[Passage] = index.article(article) if article else []
    others = [p for name in ("en/points", "en/shipping", "en/returns") for p in index.article(name)]
    passages = tuple([*gold, *others][:3])
    language = "zh" if article.startswith("zh") else "en"
    return Example(
        id, language, question, answer, passages, 1 if gold else 0, source="log", group=id[0], channel=channel
    )
