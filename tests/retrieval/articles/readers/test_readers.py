"""Each format gives the title, the sections and nothing of the page's furniture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.articles.article import Section
from retrieval.articles.readers import read
from retrieval.errors import BadFile


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def pdf(*pages: list[str]) -> bytes:
    """A PDF with these lines on its pages, in the plainest form that the format allows."""
    count = len(pages)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{' '.join(f'{4 + 2 * n} 0 R' for n in range(count))}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for n, lines in enumerate(pages):
        shown = " ".join(f"({line}) Tj 0 -14 Td" for line in lines)
        stream = f"BT /F1 12 Tf 72 720 Td {shown} ET"
        resources = "/Resources << /Font << /F1 3 0 R >> >> /MediaBox [0 0 612 792]"
        objects.append(f"<< /Type /Page /Parent 2 0 R {resources} /Contents {5 + 2 * n} 0 R >>")
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    body = b"%PDF-1.4\n"
    places = []
    for n, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{n} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + f"{head}{trailer}".encode()


def test_markdown(tmp_path: Path) -> None:
    text = """---
title: Returns
url: https://shop.example/returns
tags: refund, 退货
---
# Returns

Send it **back**, see [the form](https://shop.example/form).

## How long
### Sale items
14 days.
```
# not a heading
```
"""
    (article,), problems = read(write(tmp_path / "a.md", text))
    assert (article.title, article.url, article.tags) == (
        "Returns",
        "https://shop.example/returns",
        ("refund", "退货"),
    )
    assert article.sections == (
        Section((), "Send it back, see the form."),
        Section(("How long", "Sale items"), "14 days.\n```\n# not a heading\n```"),
    )
    assert problems == []


def test_markdown_without_front_matter_is_titled_by_its_heading_or_its_name(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.md", "# Gift cards\n\nText."))[0][0].title == "Gift cards"
    assert read(write(tmp_path / "gift-cards.md", "Text."))[0][0].title == "gift cards"


def test_plain_text(tmp_path: Path) -> None:
    (article,), _ = read(write(tmp_path / "a.txt", "\ufeffOpening hours\n\nNine to five.\r\nNot on Sunday."))
    assert article.title == "Opening hours"
    assert article.sections == (Section((), "Nine to five.\nNot on Sunday."),)


def test_html_without_its_furniture(tmp_path: Path) -> None:
    page = """<html><head><title>Shop - Delivery</title><link rel="canonical" href="https://s.example/d">
    <style>p {}</style></head><body><header>Logo</header><nav>Home</nav><div class="site-menu">Menu</div><div>
    <h1>Delivery</h1><p>We <!-- no -->deliver <b>dai</b>ly.<br>Also on Saturday.</p><h2>Prices</h2>
    <table><tr><th>Zone</th><th>Price</th></tr><tr><td>A</td><td>5</td></tr></table>
    <ol><li>Order<ul><li>online</li></ul></li><li>Wait</li></ol>Loose <i>words</i>.</div>
    <script>x</script><footer>Imprint</footer></body></html>"""
    (article,), _ = read(write(tmp_path / "a.html", page))
    assert (article.title, article.url) == ("Delivery", "https://s.example/d")
    assert article.sections == (
        Section((), "We deliver daily. Also on Saturday."),
        Section(
            ("Prices",),
            "| Zone | Price |\n| A | 5 |\n\n1. Order\n  - online\n2. Wait\n\nLoose words.",
        ),
    )


def test_html_in_another_encoding(tmp_path: Path) -> None:
    page = '<html><head><meta charset="gb2312"></head><body><p>七天内可以退货。</p></body></html>'
    (article,), _ = read(write(tmp_path / "a.html", page.encode("gb2312")))
    assert article.sections[0].text == "七天内可以退货。"


def test_pdf_pages_without_running_heads(tmp_path: Path) -> None:
    pages = [["Lamp manual", f"Step {n} is to turn the screw.", f"Page {n} of 3"] for n in (1, 2, 3)]
    (article,), _ = read(write(tmp_path / "lamp.pdf", pdf(*pages)))
    assert article.title == "lamp"
    assert article.sections == tuple(
        Section((f"p. {n}",), f"Step {n} is to turn the screw.") for n in (1, 2, 3)
    )


def test_docx_with_headings_lists_and_tables(tmp_path: Path) -> None:
    from docx import Document

    document = Document()
    document.add_heading("Warranty", level=0)
    document.add_paragraph("Two years.")
    document.add_heading("Claims", level=1)
    document.add_heading("What to send", level=2)
    document.add_paragraph("the receipt", style="List Bullet")
    document.add_paragraph("a photo", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, (("Part", "Years"), ("Motor", "5")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.save(str(tmp_path / "w.docx"))
    (article,), _ = read(tmp_path / "w.docx")
    assert article.title == "Warranty"
    assert article.sections == (
        Section((), "Two years."),
        Section(("Claims", "What to send"), "- the receipt\n- a photo\n\n| Part | Years |\n| Motor | 5 |"),
    )


def test_csv_rows_are_articles(tmp_path: Path) -> None:
    text = 'Question,Answer,url\n"Free, really?","Yes.\nAlways.",https://s.example\nNo answer,,\n'
    articles, problems = read(write(tmp_path / "faq.csv", text))
    assert [(a.title, a.sections[0].text, a.url) for a in articles] == [
        ("Free, really?", "Yes.\nAlways.", "https://s.example")
    ]
    assert [place for place, _ in problems] == ["line 4"]


def test_csv_with_semicolons_and_chinese_columns(tmp_path: Path) -> None:
    (article,), _ = read(write(tmp_path / "faq.csv", "编号;问题;答案\nr7;多久到？;三天。\n"))
    assert (article.row, article.title, article.sections[0].text) == ("r7", "多久到？", "三天。")


def test_jsonl_rows_are_articles_and_bad_lines_are_told(tmp_path: Path) -> None:
    rows = [{"id": "a", "title": "T", "text": "## Part\nOne."}, {"id": "a", "text": "again"}, {"id": "b"}]
    lines = [json.dumps(row) for row in rows]
    articles, problems = read(write(tmp_path / "c.jsonl", "\n".join([*lines, "[1]", '{"id": "c", "te'])))
    assert [(a.row, a.sections) for a in articles] == [("a", (Section(("Part",), "One."),))]
    assert sorted(place for place, _ in problems) == ["line 2", "line 3", "line 4", "line 5"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("broken.pdf", b"%PDF-1.4\nnothing of this is a PDF"),
        ("scan.pdf", pdf([])),
        ("broken.docx", b"PK\x03\x04 not a zip"),
        ("latin.md", "Caf\u00e9".encode("latin-1")),
        ("binary.txt", b"a\0b"),
        ("empty.txt", b""),
        ("empty.html", b""),
        ("empty.csv", b""),
        ("empty.jsonl", b"\n\n"),
        ("columns.csv", b"name,price\nlamp,5\n"),
        ("front.md", b"---\ntitle: [\n---\ntext"),
        ("picture.png", b"\x89PNG"),
    ],
)
def test_bad_files_say_why(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(BadFile, match=r"\w"):
        read(write(tmp_path / name, data))
