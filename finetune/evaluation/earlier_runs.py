"""What earlier measurements of a set found, so that one sees whether the search is better than before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetune.evaluation.measures import bootstrap

FILE = "runs.jsonl"  # beside the index that was measured


def compare(folder: Path, scores: Mapping[str, float]) -> dict[str, Any] | None:
    """The change of each question's score since the last run: its mean, interval and verdict.

    `scores` is the nDCG@10 of each question by its id. None when no earlier run has most of the questions.
    """
    before = _last(folder)
    if before is None:
        return None
    shared = [name for name in scores if name in before["scores"]]
    if len(shared) < len(scores) / 2:
        return None
    change = bootstrap([round(scores[name], 4) - before["scores"][name] for name in shared])
    clear = change.low > 0 or change.high < 0
    verdict = ("better" if change.mean > 0 else "worse") if clear else "no clear difference"
    return {
        "since": before["at"],
        "questions": len(shared),
        "mean": round(change.mean, 4),
        "low": round(change.low, 4),
        "high": round(change.high, 4),
        "verdict": verdict,
    }


def record(folder: Path, about: Mapping[str, Any], scores: Mapping[str, float]) -> None:
    """Append a run; `about` is what was measured with what result."""
    folder.mkdir(parents=True, exist_ok=True)
    rounded = {name: round(score, 4) for name, score in scores.items()}
    run = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **about, "scores": rounded}
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(run, ensure_ascii=False) + "\n")


def _last(folder: Path) -> dict[str, Any] | None:
    """The last whole line; a run that was cut off while writing does not count."""
    try:
        lines: Sequence[str] = (folder / FILE).read_text(encoding="utf-8").split("\n")
    except OSError:
        return None
    for line in reversed(lines):
        try:
            run = json.loads(line)
        except ValueError:
            continue
        if isinstance(run, dict) and isinstance(run.get("scores"), dict):
            return run
    return None
