"""The blocks of an article's text: running text, and tables with each row on a line of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Kind = Literal["text", "table"]
BAR = "|"  # begins and ends a row, and parts its cells


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that follow each other and are all rows of a table, or all none."""

    kind: Kind
    text: str


def blocks(text: str) -> list[Block]:
    """The blocks of a text in order: joined by line ends, they are the text again."""
    return [
        Block("table" if rows else "text", "\n".join(lines))
        for rows, lines in groupby(text.split("\n"), is_row)
    ]


def is_row(line: str) -> bool:
    """Whether a line is a row of a table; in Markdown the bar at its end may be missing."""
    return line.lstrip().startswith(BAR)


def table_text(rows: Iterable[Sequence[str]]) -> str:
    """One line "| a | b |" for each row that is not empty; a bar inside a cell is written \\|."""
    return "\n".join(f"{BAR} {f' {BAR} '.join(map(_cell, row))} {BAR}" for row in rows if any(row))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace(BAR, f"\\{BAR}")
