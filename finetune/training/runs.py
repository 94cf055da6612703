"""The folder of a run under <home>/training: what was asked for, so that a killed run can go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from chatbot.models.folders import read_object
from finetune.dataset.example import Example
from finetune.dataset.folder import open_dataset
from finetune.dataset.split import Split
from finetune.errors import BadRecipe, DatasetError, FinetuneError
from finetune.training.recipe import Recipe

RUN = "run.json"
REPORT = "report.json"  # the last file of a finished version


def folder_of(out: Path | None, home: Path, resume: bool) -> Path:
    """Where the version goes: `out`, else a new folder, or that of the last run that did not end.

    Raises FinetuneError when the folder is taken, or when there is nothing to resume.
    """
    if not resume:
        folder = out or home / "models" / f"support-{datetime.now():%Y%m%d-%H%M%S}"
        if folder.exists():
            raise FinetuneError(f"{folder} already exists; name another folder with --out.")
        return folder
    runs = (home / "training").glob(f"*/{RUN}")
    open_runs = [run for run in runs if not (Path(read_object(run).get("out", "")) / REPORT).is_file()]
    if out:
        open_runs = [run for run in open_runs if run.parent.name == out.name]
    if not open_runs:
        raise BadRecipe(
            f"There is no run to resume{f' for {out}' if out else ''}; start one without --resume."
        )
    return Path(read_object(max(open_runs, key=lambda run: run.stat().st_mtime))["out"])


def begin(work: Path, out: Path, asked: Mapping[str, Any], recipe: Recipe, resume: bool) -> None:
    """Keep what was asked for; a resumed run has to ask for the same.

    Raises BadRecipe naming what is not the same.
    """
    now: dict[str, Any] = {"out": str(out.absolute()), "asked": _plain(asked), "recipe": asdict(recipe)}
    if resume:
        before = read_object(work / RUN)
        other = [
            name
            for part in ("asked", "recipe")
            for name, value in now[part].items()
            if before.get(part, {}).get(name) != value
        ]
        if other:
            raise BadRecipe(
                f"The run {work.name} was begun with another {', '.join(other)}; repeat its command as it "
                "was, with --resume, or begin anew without --resume."
            )
        return
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    write_json(work / RUN, now)


def kept_dataset(work: Path) -> tuple[dict[str, Any], dict[Split, list[Example]]]:
    """The card and the examples by split of an earlier process; both empty when it did not come so far."""
    try:
        splits = open_dataset(work / "dataset")
    except DatasetError:
        return {}, {}
    return read_object(work / "dataset" / "card.json"), splits


def _plain(asked: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON gives it back; paths from the root, so that the folder one types in does not matter."""

    def plain(value: Any) -> Any:
        if isinstance(value, Path):
            return str(value.absolute())
        return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value

    return {name: plain(value) for name, value in asked.items()}


def write_json(path: Path, value: object) -> None:
    """Write a file that is replaced at once; what JSON has no form for is written as text."""
    beside = path.with_name(f".{path.name}")
    beside.write_text(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
    beside.rename(path)
