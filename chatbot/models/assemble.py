"""From a base and what training left of it to a complete model folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from chatbot.errors import ModelMissing
from chatbot.models.folders import TEXT_FILES, ModelFolder, build_model, merge_adapter, read_model
from chatbot.models.prefix import FOLDER, is_prefix

WEIGHTS = "model.safetensors"
# What training and evaluation write beside the weights, which a model built from this one does not inherit.
CONFIGS = ("config.json", "generation_config.json")


def tuned_model(base: Path, learnt: Path, out: Path, manifest: Mapping[str, object]) -> ModelFolder:
    """Make the folder `out` of `base` and the folder `learnt`: an adapter, a prefix, or all weights.

    An adapter is merged in and kept beside, so that vLLM can serve it either way; a prefix is kept beside the
    weights of the base. Raises ModelMissing when `base` or `learnt` is not there.
    """
    read_model(base)
    if is_prefix(learnt):
        return build_model(out, manifest, lambda building: _with_prefix(base, learnt, building))
    if (learnt / "adapter_config.json").is_file():
        return merge_adapter(base, learnt, out, manifest, keep=True)
    if not (learnt / WEIGHTS).is_file():
        raise ModelMissing(f"There is nothing that was learnt in {learnt}; tune with `chatbot finetune`.")
    return build_model(out, manifest, lambda building: _whole(base, learnt, building))


def _with_prefix(base: Path, prefix: Path, building: Path) -> None:
    for name in (WEIGHTS, *CONFIGS, *TEXT_FILES):
        if (base / name).is_file():
            shutil.copyfile(base / name, building / name)
    shutil.copytree(prefix, building / FOLDER)


def _whole(base: Path, learnt: Path, building: Path) -> None:
    for name in (WEIGHTS, *CONFIGS):
        if (learnt / name).is_file():
            shutil.copyfile(learnt / name, building / name)
    for name in TEXT_FILES:
        shutil.copyfile(base / name, building / name)
