"""From a file of preferences to a model version that the gate can judge: tune, build, compare with before."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatbot.engines.adapters import adapter_of
from chatbot.models.assemble import tuned_model
from chatbot.models.folders import PUBLISHED, ModelFolder, resolve_model
from chatbot.models.prefix import prefix_of
from chatbot.settings import Settings
from finetune.dataset.example import Example
from finetune.dataset.folder import open_dataset
from finetune.dataset.preferences import (
    Preference,
    as_pairs,
    as_rated,
    divide,
    read_preferences,
)
from finetune.errors import BadRecipe, DatasetError, PreferencesUnreadable
from finetune.evaluation.abstention import write_abstention_prior
from finetune.evaluation.model import Scored, compare, evaluate_model, make_probes
from finetune.evaluation.outcome import by_language, means
from finetune.evaluation.rewards import answers_of, chances, compared
from finetune.packages import TRAIN, need
from finetune.progress import Progress, Say
from finetune.training.preference import Loss, Preferring, prefer
from finetune.training.runs import REPORT, folder_of, write_json


def run(
    file: Path,
    *,
    settings: Settings,
    loss: Loss = "dpo",
    base: str = PUBLISHED,
    out: Path | None = None,
    say: Say = lambda line: None,
    **numbers: Any,
) -> dict[str, Any]:
    """Tune `base`, usually the published model, on preferences; returns the report that it also writes.

    A fifth of the prompts is held out and judged before and after; so are the examples that the base was
    judged on, where they are still there. `numbers` are fields of Preferring; None for the usual one.
    Raises FinetuneError or ModelMissing, each with what to type.
    """
    need(*TRAIN)
    started = time.monotonic()
    chosen = {name: value for name, value in numbers.items() if value is not None}
    recipe = Preferring(loss=loss, **chosen)
    learnt, held = parts_of(file, recipe)
    folder = folder_of(out, settings.home, resume=False)
    start = resolve_model(base, settings.home)
    if prefix_of(start.path):
        raise BadRecipe(f"{start.label} has a learned prefix and cannot be tuned further; use its base.")
    adapter = adapter_of(start, settings.home)
    say(f"Tuning {start.label} on {len(learnt)} preferences with {loss}; {len(held)} are held out")
    work = settings.home / "training" / folder.name
    shutil.rmtree(work, ignore_errors=True)
    progress = Progress(say, "Training")
    curve = prefer(
        start.path, adapter, learnt, work / "adapter", recipe,
        lambda share, loss: progress(share, f", loss {loss:.3f}"),
    )  # fmt: skip
    on = adapter.base if adapter else start
    about = {"name": folder.name, "base": on.label, "parent": start.label, "recipe": asdict(recipe)}
    about["created_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    tuned = tuned_model(on.path, work / "adapter", folder, about)
    report = _judged(start, tuned, held, settings, say)
    report |= {
        "recipe": asdict(recipe) | {"method": loss},
        "data": {
            "preferences": str(file),
            "examples": {"train": len(learnt), "test": len(held)},
            "sources": dict(Counter(one.source.partition(":")[0] or "none" for one in [*learnt, *held])),
        },
        "training": {"curve": curve},
        "seconds": round(time.monotonic() - started, 1),
    }
    write_json(folder / REPORT, report)
    for line in _tell(report, folder):
        say(line)
    return report


def parts_of(file: Path, recipe: Preferring) -> tuple[Sequence[Preference], Sequence[Preference]]:
    """What is learnt and what is held out. Raises PreferencesUnreadable when there is not enough for both."""
    found = read_preferences(file)
    learnt: Sequence[Preference]
    held: Sequence[Preference]
    if recipe.loss == "dpo":
        learnt, held = divide(as_pairs(found), recipe.seed)
    else:
        learnt, held = divide(as_rated(found), recipe.seed)
    if not held:
        raise PreferencesUnreadable(
            f"{file} is about one prompt alone; preferences on several are needed to see what was learnt."
        )
    return learnt, held


def _judged(
    start: ModelFolder,
    tuned: ModelFolder,
    held: Sequence[Preference],
    settings: Settings,
    say: Say,
) -> dict[str, Any]:
    """The comparison of both models, with the scores and probes written into the new folder."""
    say(f"Judging {len(held)} held-out preferences before and after")
    asked = answers_of(held)
    preference = compared(held, chances(start.path, asked), chances(tuned.path, asked))
    examples = _examples(start, settings.home)
    before, after = _scored(start, tuned, examples, say) if examples else ([], [])
    table = compare(before, after) if examples else {}
    write_json(tuned.path / "probes.json", make_probes(tuned.path, [one.prompt for one in held]))
    write_json(
        tuned.path / "scores.json",
        {"base": [asdict(s) for s in before], "tuned": [asdict(s) for s in after]},
    )
    write_abstention_prior(tuned.path, examples, [s.silence for s in after])
    return {
        "model": tuned.label,
        "folder": str(tuned.path),
        "base": start.label,
        "held_out": len(held) + len(after),
        "comparison": table | preference,
        "by_language": by_language(before, after),
        "better": preference["preference"]["better"],
    }


def _examples(start: ModelFolder, home: Path) -> list[Example]:
    try:
        return open_dataset(home / "training" / start.path.name / "dataset")["test"]
    except DatasetError:
        return []


def _scored(
    start: ModelFolder, tuned: ModelFolder, examples: Sequence[Example], say: Say
) -> tuple[list[Scored], list[Scored]]:
    say(f"Evaluating both on the {len(examples)} examples that {start.label} was judged on")
    before, after = (evaluate_model(model.path, examples, probed=0)[0] for model in (start, tuned))
    return before, after


def _tell(report: dict[str, Any], folder: Path) -> list[str]:
    lines = [f"On {report['held_out']} held-out cases (mean and 95 % interval):"]
    lines += means(report["comparison"], "before", "after")
    return [*lines, f"Publish it: chatbot models publish {folder.name} --measure preference"]
