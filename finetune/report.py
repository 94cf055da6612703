"""Write the evaluation report, as an HTML page and as JSON, beside the model or wherever it is wanted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chatbot.models import ModelFolder
from chatbot.settings import Settings
from finetune.dataset_folder import open_dataset
from finetune.errors import DatasetError
from finetune.evaluate_turns import Compared, OpenModel, evaluate_turns, rivals
from finetune.example import Example
from finetune.progress import Say
from finetune.report_page import render
from finetune.versions import EVALUATION, find_version, labelled, read_report
from retrieval.index import Index

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


def evaluate_version(
    name: str,
    *,
    settings: Settings,
    against: str | None = None,
    index: Path | None = None,
    limit: int | None = None,
    out: Path | None = None,
    open_model: OpenModel | None = None,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Compare a version under <home>/models with its base and the published one, on its held-out examples.

    `against` names another version in place of the published one. The report goes into `out`, else into the
    version's folder. Raises UnknownModel, DatasetError, RetrievalError or EngineFailed.
    """
    candidate = find_version(name, settings.home)
    run = read_report(candidate)
    held_out = held_out_of(candidate, settings.home)[:limit]
    others = rivals(candidate, labelled(str(run.get("base")), settings.home), settings.home)
    if against:
        others = [one for one in others if one.role == "base"]
        others.append(Compared("current", find_version(against, settings.home)))
    own = settings.home / "training" / name / "index"
    opened = Index.open(index or (own if own.is_dir() else settings.index))
    models = [*others, Compared("candidate", candidate)]
    comparison = evaluate_turns(models, held_out, opened, settings, open_model=open_model, say=say)
    write_report(comparison, run, out or candidate.path)
    return comparison


def held_out_of(model: ModelFolder, home: Path) -> list[Example]:
    """The test part of the data set that a version was tuned on. Raises DatasetError when it is gone."""
    folder = home / "training" / model.path.name / "dataset"
    try:
        return open_dataset(folder)["test"]
    except DatasetError as error:
        raise DatasetError(
            f"The held-out examples of {model.path.name} are needed and cannot be read: {error}"
        ) from error
