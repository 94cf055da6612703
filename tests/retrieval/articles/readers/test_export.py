"""Help-centre exports, workbooks and tables become the articles that a reader would expect."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.articles.article import Section
from retrieval.articles.readers import read
from retrieval.articles.readers.html import html_sections
from retrieval.articles.split import split
from retrieval.errors import BadFile

ZENDESK = {
    "articles": [
        {
            "id": 1,
            "title": "Returns",
            "body": "<p>Within 30 days.</p><h2>Cost</h2><p>Free.</p>",
            "html_url": "https://h.example/1",
            "locale": "en-us",
            "draft": False,
            "section_id": 7,
            "label_names": ["refund"],
            "user_segment_id": None,
        },
        {"id": 2, "title": "Draft", "body": "<p>x</p>", "draft": True, "section_id": 7},
        {"id": 3, "title": "Agents", "body": "<p>Limit 500.</p>", "section_id": 7, "user_segment_id": 99},
        {"id": 4, "title": "Empty", "body": None, "section_id": 7},
        {"id": 5, "title": "Staff section", "body": "<p>y</p>", "section_id": 8},
    ],
    "sections": [
        {"id": 7, "name": "Orders", "category_id": 70},
        {"id": 8, "name": "Staff", "user_segment_id": 99},
    ],
    "categories": [{"id": 70, "name": "Lamps"}],
    "translations": [
        {"source_id": 1, "locale": "en-us", "title": "Returns", "body": "<p>Within 30 days.</p>"},
        {"source_id": 1, "locale": "zh-cn", "title": "退货", "body": "<p>三十天内。</p>"},
        {"source_id": 3, "locale": "zh-cn", "title": "客服", "body": "<p>上限。</p>"},
        {"source_id": 1, "locale": "fr", "title": "Retours", "body": "<p>x</p>", "draft": True},
    ],
}
INTERCOM = {
    "type": "list",
    "data": [
        {
            "type": "article",
            "id": "11",
            "title": "Gift cards",
            "body": "<p>Valid for 3 years.</p>",
            "state": "published",
            "url": "https://i.example/11",
            "parent_id": 5,
            "default_locale": "en",
            "translated_content": {
                "type": "article_translated_content",
                "zh-CN": {"state": "published", "title": "礼品卡", "body": "<p>三年内有效。</p>"},
                "en": {"state": "published", "title": "Gift cards", "body": "<p>Valid for 3 years.</p>"},
            },
        },
        {"type": "article", "id": "12", "title": "Draft", "body": "<p>x</p>", "state": "draft"},
        {"type": "internal_article", "id": "13", "title": "Limits", "body": "<p>500.</p>", "locale": "en"},
    ],
    "collections": [{"id": "5", "name": "Cards", "parent_id": "4"}, {"id": "4", "name": "Shop"}],
}


def export(tmp_path: Path, content: object):
    (tmp_path / "e.json").write_text(json.dumps(content))
    return read(tmp_path / "e.json")


def test_zendesk(tmp_path: Path) -> None:
    articles, problems = export(tmp_path, ZENDESK)
    one = {article.row: article for article in articles}
    assert set(one) == {"1", "1-zh-cn", "3", "3-zh-cn", "5"}
    assert [place for place, _ in problems] == ["article 4"]
    assert one["1"].sections == (Section((), "Within 30 days."), Section(("Cost",), "Free."))
    assert (one["1"].product, one["1"].tags, one["1"].language) == ("Lamps", ("refund", "Orders"), "en")
    assert (one["1-zh-cn"].title, one["1-zh-cn"].language) == ("退货", "zh")
    assert {row for row, article in one.items() if article.audience == "internal"} == {"3", "3-zh-cn", "5"}


def test_intercom(tmp_path: Path) -> None:
    articles, problems = export(tmp_path, INTERCOM)
    one = {article.row: article for article in articles}
    assert set(one) == {"11", "11-zh-CN", "13"}
    assert problems == []
    assert (one["11"].product, one["11"].tags) == ("Shop", ("Cards",))
    assert [one[row].audience for row in ("11", "11-zh-CN", "13")] == ["public", "public", "internal"]


def test_a_list_of_rows(tmp_path: Path) -> None:
    (article,), _ = export(tmp_path, [{"id": "a", "question": "Q?", "answer": "A.", "audience": "staff"}])
    assert (article.title, article.audience) == ("Q?", "internal")


@pytest.mark.parametrize("content", [{"x": 1}, [1, 2], "text", {"sections": []}, None])
def test_other_json_is_told(tmp_path: Path, content: object) -> None:
    with pytest.raises(BadFile, match="export"):
        export(tmp_path, content)


def test_a_workbook_with_rows_and_a_table(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    faq = book.active
    faq.title = "FAQ"
    for row in (
        ["id", "Question", "Answer", "Product"],
        ["r1", "Free?", "Yes.", "Lamp"],
        ["r2", "Empty?", None],
    ):
        faq.append(row)
    prices = book.create_sheet("Prices")
    for cells in (["Zone", "Price"], ["A", 5.0], [None, None], ["B | C", 7.5]):
        prices.append(cells)
    hidden = book.create_sheet("Notes")
    hidden.append(["text"])
    hidden.append(["secret"])
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "shop.xlsx")
    (row, table), problems = read(tmp_path / "shop.xlsx")
    assert (row.row, row.title, row.product, row.sections[0].text) == ("r1", "Free?", "Lamp", "Yes.")
    assert table.title == "shop: Prices"
    assert table.sections[0].text == "| Zone | Price |\n| A | 5 |\n| B \\| C | 7.5 |"
    assert [place for place, _ in problems] == ["sheet FAQ, row 3"]


def test_a_broken_workbook_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK not a zip")
    with pytest.raises(BadFile, match="Excel"):
        read(tmp_path / "a.xlsx")


def test_a_cell_that_spans_rows_is_in_each() -> None:
    markup = (
        "<table><tr><th>Zone</th><th>Day</th></tr><tr><td rowspan=2>A</td><td>Mon<table><tr><td>am</td></tr>"
        "</table></td></tr><tr><td>Tue</td></tr></table>"
    )
    assert html_sections(markup, "")[0].text == "| Zone | Day |\n| A | Mon am |\n| A | Tue |"


def test_each_part_of_a_long_table_has_its_head(tmp_path: Path) -> None:
    rows = "".join(f"<tr><td>Zone {n}</td><td>{n} euros and some more words</td></tr>" for n in range(80))
    body = f"<table><tr><th>Zone</th><th>Price</th></tr>{rows}</table>"
    articles, _ = export(tmp_path, {"articles": [{"id": 1, "title": "T", "body": body, "section_id": 1}]})
    pieces = split(articles[0])
    assert len(pieces) > 2
    assert all(piece.text.startswith("| Zone | Price |\n") for piece in pieces)
    assert all(line.startswith("| ") and line.endswith(" |") for p in pieces for line in p.text.split("\n"))
