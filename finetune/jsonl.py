"""JSON Lines: one object a line, replaced as a whole."""

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
