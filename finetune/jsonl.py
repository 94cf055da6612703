"""JSON Lines: a file replaced as a whole, or one that grows row by row and survives a kill."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def write_rows(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Write the rows beside `path` and rename them into place; returns how many."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text("".join(lines), encoding="utf-8")
    beside.replace(path)
    return len(lines)


class Kept:
    """Rows of a file by key. Each is on disk when `add` returns; a line cut short by a kill is left out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: dict[str, Any] = {}
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            return
        for line in lines:
            try:
                key, row = json.loads(line)
            except ValueError:
                continue
            self.rows[key] = row

    def add(self, key: str, row: Any) -> None:
        """Keep a row; the newline in front ends a line that a kill left open."""
        self.rows[key] = row
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\n" + json.dumps([key, row], ensure_ascii=False))
            file.flush()
            os.fsync(file.fileno())
