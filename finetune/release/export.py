"""Take a model version out of an installation, as it is or smaller, with what that costs in quality."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from chatbot.models.folders import ModelFolder, build_model
from chatbot.settings import Settings
from finetune.dataset.example import Example
from finetune.errors import DatasetError, ExportRefused
from finetune.evaluation.measures import bootstrap
from finetune.evaluation.model import losses_of
from finetune.progress import Progress, Say
from finetune.release.measure import held_out_of
from finetune.release.quantise import KEPT, quantise
from finetune.release.versions import find_version

Form = Literal["merged", "int8"]


def export(
    name: str, out: Path, form: Form, *, settings: Settings, say: Say = lambda line: None
) -> dict[str, Any]:
    """Write a version under <home>/models to the folder `out`; returns its manifest.

    "merged" is one bfloat16 model; "int8" has 8-bit weights, and its manifest says how much worse it predicts
    the held-out answers. Raises UnknownModel, or ExportRefused when `out` exists or nothing is held out.
    """
    model = find_version(name, settings.home)
    if out.exists():
        raise ExportRefused(f"{out} already exists; name another folder with --out.")
    manifest: dict[str, Any] = {
        "name": model.name if form == "merged" else f"{model.name}-{form}",
        "format": form,
        "exported_from": model.label,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if form == "merged":
        exported = build_model(out, manifest, lambda building: _copy(model, building))
    else:
        held_out = _held_out(model, settings)

        def build(building: Path) -> None:
            quantise(model.path, building)
            manifest["quality"] = _quality(model.path, building, held_out, say)

        exported = build_model(out, manifest, build)
    return manifest | {"version": exported.version, "bytes": (out / "model.safetensors").stat().st_size}


def _copy(model: ModelFolder, building: Path) -> None:
    for name in ("model.safetensors", "config.json", *KEPT):
        if (model.path / name).is_file():
            shutil.copyfile(model.path / name, building / name)


def _held_out(model: ModelFolder, settings: Settings) -> list[Example]:
    try:
        return held_out_of(model, settings.home)
    except DatasetError as error:
        raise ExportRefused(
            f"What int8 costs is measured on the version's held-out examples, and they are not there: {error}"
        ) from error


def _quality(before: Path, after: Path, held_out: Sequence[Example], say: Say) -> dict[str, Any]:
    """Perplexity of the held-out answers with both, and the change of the loss with its 95 % interval."""
    losses: list[list[float]] = []
    for folder, told in ((before, "before"), (after, "after")):
        progress = Progress(say, f"Perplexity {told}, on {len(held_out)} held-out answers")
        found = []
        for n, loss in enumerate(losses_of(folder, held_out), start=1):
            found.append(loss)
            progress(n / len(held_out))
        losses.append(found)
    pairs = [(b, a) for b, a in zip(*losses, strict=True) if not math.isnan(a + b)]
    if not pairs:
        raise ExportRefused("No held-out example is short enough to measure what int8 costs.")
    change = bootstrap([a - b for b, a in pairs])
    return {
        "held_out": len(pairs),
        "perplexity_before": round(math.exp(bootstrap([b for b, _ in pairs]).mean), 4),
        "perplexity": round(math.exp(bootstrap([a for _, a in pairs]).mean), 4),
        "loss_change": {name: round(getattr(change, name), 5) for name in ("mean", "low", "high")},
    }
