"""A model of the search as a folder: written beside, its manifest last, and checked before it is used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from retrieval.errors import ModelDamaged

MANIFEST = "manifest.json"
WEIGHTS_FILE = "weights.safetensors"


def write_folder(folder: Path, about: Mapping[str, Any], fill: Callable[[Path], None]) -> dict[str, Any]:
    """Let `fill` write the files, then the manifest, then rename the folder into place; returns the manifest.

    Its `version` is a hash of the weights, so that two folders of one name are told apart.
    """
    building = folder.with_name(f".{folder.name}-building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        fill(building)
        version = blake2b((building / WEIGHTS_FILE).read_bytes(), digest_size=4).hexdigest()
        manifest = {**about, "version": version, "files": _sizes(building)}
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        (building / MANIFEST).write_text(text, encoding="utf-8")
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return manifest


def is_folder(name: str) -> bool:
    """Whether `name` is a folder that `write_folder` made."""
    return (Path(name) / WEIGHTS_FILE).is_file() or (Path(name) / MANIFEST).is_file()


def read_folder(folder: Path, kind: str) -> dict[str, Any]:
    """The manifest of a folder of this kind. Raises ModelDamaged when it is another kind or incomplete."""
    try:
        about = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in about["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelDamaged(
            f"{folder} is incomplete ({error}): make it again with `chatbot finetune {kind}`."
        ) from error
    if about.get("kind") != kind:
        raise ModelDamaged(f"{folder} holds a {about.get('kind')}, not a {kind}: name another folder.")
    if sizes != about["files"]:
        raise ModelDamaged(
            f"A file in {folder} has another size than its manifest says: make it again with "
            f"`chatbot finetune {kind}`."
        )
    return dict(about)


def _sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
