"""Measure a version on its held-out examples, against its base and the published one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chatbot.index import open_index
from chatbot.models.folders import ModelFolder, find_model
from chatbot.settings import Settings
from finetune.dataset.example import Example
from finetune.dataset.folder import open_dataset
from finetune.errors import DatasetError
from finetune.evaluation.report import write_report
from finetune.evaluation.turns import ComparedModel, OpenModel, evaluate_turns, rivals
from finetune.packages import need
from finetune.progress import Say
from finetune.release.versions import find_version, read_report


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
    need("sacrebleu")
    version = find_version(name, settings.home)
    run = read_report(version)
    held_out = held_out_of(version, settings.home)[:limit]
    others = rivals(version, find_model(str(run.get("base")), settings.home), settings.home)
    if against:
        others = [one for one in others if one.role == "base"]
        others.append(ComparedModel("current", find_version(against, settings.home)))
    own = settings.home / "training" / name / "index"
    opened = open_index(settings, index or (own if own.is_dir() else None))
    models = [*others, ComparedModel("candidate", version)]
    comparison = evaluate_turns(models, held_out, opened, settings, open_model=open_model, say=say)
    write_report(comparison, run, out or version.path)
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
