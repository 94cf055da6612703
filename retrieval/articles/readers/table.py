"""Write a table as lines of cells, which splitting keeps together under their head."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table_text(rows: Iterable[Sequence[str]]) -> str:
    """One line "| a | b |" for each row that is not empty; a bar inside a cell is written \\|."""
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows if any(row))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
