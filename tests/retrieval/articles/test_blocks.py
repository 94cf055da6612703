"""A text comes apart into running text and tables, and a written table is read as one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from retrieval.articles.blocks import Block, blocks, is_row, table_text

CELLS = st.text(alphabet="ab| \\\n退货", max_size=8)


def test_text_and_tables_are_told_apart() -> None:
    text = "Prices:\n\n| Zone | Price |\n| --- | --- |\n| EU | 4 |\nPlus tax.\n  | US | 9"
    assert blocks(text) == [
        Block("text", "Prices:\n"),
        Block("table", "| Zone | Price |\n| --- | --- |\n| EU | 4 |"),
        Block("text", "Plus tax."),
        Block("table", "  | US | 9"),
    ]


@given(st.text(alphabet="ab| \n", max_size=40))
def test_blocks_joined_are_the_text(text: str) -> None:
    found = blocks(text)
    assert "\n".join(block.text for block in found) == text
    assert all(is_row(line) == (block.kind == "table") for block in found for line in block.text.split("\n"))


@given(st.lists(st.lists(CELLS, min_size=1, max_size=3), max_size=4))
def test_a_written_table_is_one_block_with_a_line_a_row(rows: list[list[str]]) -> None:
    text = table_text(rows)
    kept = [row for row in rows if any(row)]
    assert [block.kind for block in blocks(text)] == ["table" if kept else "text"]
    assert len(text.splitlines()) == len(kept)
