"""Searching an index: both languages, versions that change under it, several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from retrieval.embed.embedder import Embedder
from retrieval.embed.load import load_embedder
from retrieval.errors import IndexDamaged, IndexMissing
from retrieval.index import Index
from retrieval.ingest import ingest
from tests.retrieval.hashing import HashingEmbedder

ENGLISH = {
    "returns": "# Returning an item\n\nYou can send back most items within 30 days of delivery.",
    "delivery": "# Delivery times\n\nA parcel arrives within three working days.",
    "gift-cards": "# Gift cards\n\nA gift card can be used for everything in the shop and never expires.",
    "password": "# Resetting your password\n\nChoose Forgot password on the sign-in page.",
}
CHINESE = {
    "退货": "# 怎样退货\n\n收到商品后三十天内可以申请退货。",
    "配送": "# 配送时间\n\n包裹一般在三个工作日内送达。",
    "密码": "# 重置密码\n\n在登录页面点击忘记密码。",
}


def make(folder: Path, articles: dict[str, str], embedder: Embedder) -> Index:
    docs = folder / "docs"
    docs.mkdir(parents=True)
    for name, text in articles.items():
        (docs / f"{name}.md").write_text(text)
    ingest([docs], folder / "index", embedder)
    return Index.open(folder / "index", embedder)


def found(index: Index, query: str, k: int = 1, language: str | None = None) -> list[str]:
    return [hit.passage.article for hit in index.search(query, k, language)]


@pytest.fixture(scope="module")
def bilingual() -> Embedder:
    return load_embedder()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, bilingual: Embedder) -> Index:
    return make(tmp_path_factory.mktemp("both"), ENGLISH | CHINESE, bilingual)


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory, bilingual: Embedder) -> Index:
    return make(tmp_path_factory.mktemp("english"), ENGLISH, bilingual)


def test_an_article_is_found_by_its_tags(tmp_path: Path, bilingual: Embedder) -> None:
    tagged = {
        "codes": "---\ntags: coupon\n---\n# Promo codes\n\nEnter one at the checkout.",
        "优惠": "---\ntags: 折扣码\n---\n# 优惠码\n\n结算时填写。",
    }
    index = make(tmp_path, ENGLISH | CHINESE | tagged, bilingual)
    assert found(index, "Where do I put my coupon?", language="en") == ["codes"]
    assert found(index, "折扣码填在哪里", language="zh") == ["优惠"]
    for way in ("lexical", "dense"):
        assert index.search("coupons", 1, way=way)[0].passage.article == "codes"


def test_each_language_finds_its_own(both: Index) -> None:
    assert found(both, "Can I give something back that I bought?", language="en") == ["returns"]
    assert found(both, "我想退掉买的东西", language="zh") == ["退货"]
    assert found(both, "I forgot my login", language="en") == ["password"]


def test_a_chinese_question_finds_english_passages(english: Index) -> None:
    assert found(english, "怎么退货？", language="zh") == ["returns"]
    assert found(english, "忘记密码怎么办", language="zh") == ["password"]


def test_the_preferred_language_comes_first_but_a_clearly_better_passage_still_wins(both: Index) -> None:
    for question, language, pair in (
        ("How many days does delivery take?", "en", ["delivery", "配送"]),
        ("包裹几天能送到？", "zh", ["配送", "delivery"]),
    ):
        names = found(both, question, 5, language)
        assert names[0] == pair[0]
        assert [name for name in names if name in pair] == pair
    assert found(both, "礼品卡永久有效吗？", language="zh") == ["gift-cards"]  # no Chinese article knows that


def test_hits_carry_their_scores(both: Index) -> None:
    hits = both.search("When does the parcel arrive?", 3, "en")
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].lexical > 0
    assert 0.2 < hits[0].dense <= 1.01
    assert hits[0].coverage == 1.0


def test_unknown_subjects_have_low_coverage(both: Index) -> None:
    assert both.search("Do you sell quantum telescopes?", 1, "en")[0].coverage < 0.1


def test_blank_questions_find_nothing(both: Index) -> None:
    assert both.search("  \n") == []
    assert both.search("parcel", k=0) == []


def test_questions_of_signs_and_stop_words_are_harmless(both: Index) -> None:
    for query in ("???", "😀", "is it?", "的"):
        assert all(hit.coverage == 0 and hit.lexical == 0 for hit in both.search(query))


def test_codes_are_found_by_themselves(tmp_path: Path) -> None:
    articles = {
        f"e{n}": f"# Error E-{n}\n\nThe lamp shows E-{n} when part {n} is loose." for n in range(10, 40)
    }
    index = make(tmp_path, articles, HashingEmbedder())
    assert found(index, "My lamp says E-23") == ["e23"]


def test_refresh_moves_to_the_new_version(tmp_path: Path) -> None:
    index = make(tmp_path, ENGLISH, HashingEmbedder())
    before = index.version
    index.refresh()
    assert index.version == before
    (tmp_path / "docs" / "new.md").write_text("# Lamps\n\nA lamp needs a bulb.")
    ingest([tmp_path / "docs"], tmp_path / "index", HashingEmbedder())
    assert found(index, "lamp bulb") != ["new"]
    index.refresh()
    assert index.version != before
    assert found(index, "lamp bulb") == ["new"]


def test_searches_run_while_versions_change(tmp_path: Path) -> None:
    index = make(tmp_path, ENGLISH, HashingEmbedder())

    def search(n: int) -> list[str]:
        index.refresh()
        return found(index, "parcel arrives")

    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(search, n) for n in range(60)]
        for n in range(5):
            (tmp_path / "docs" / "new.md").write_text(f"# Lamps\n\nLamp number {n}.")
            ingest([tmp_path / "docs"], tmp_path / "index", HashingEmbedder())
            answers += [threads.submit(search, n) for n in range(30)]
    assert {tuple(answer.result()) for answer in answers} == {("delivery",)}


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="chatbot ingest"):
        Index.open(tmp_path, HashingEmbedder())


@pytest.mark.parametrize("name", ["passages.jsonl", "vectors.npy", "manifest.json"])
def test_a_damaged_index_is_told(tmp_path: Path, name: str) -> None:
    index = make(tmp_path, ENGLISH, HashingEmbedder())
    file = tmp_path / "index" / "versions" / index.version / name
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(IndexDamaged, match="--rebuild"):
        Index.open(tmp_path / "index", HashingEmbedder())
