"""Write the evaluation report, as an HTML page and as JSON, beside the model or wherever it is wanted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from finetune.evaluation.report_page import render

EVALUATION = "evaluation.json"
PAGE = "report.html"


def write_report(comparison: dict[str, Any], run: dict[str, Any], folder: Path) -> Path:
    """Write both files into `folder`, the page last; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / EVALUATION).write_text(
        json.dumps(comparison, ensure_ascii=False, indent=2, allow_nan=False) + "\n", encoding="utf-8"
    )
    page = folder / PAGE
    page.write_text(render(comparison, run), encoding="utf-8")
    return page
