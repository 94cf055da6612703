"""What the signs of a match count in one index, where that was learnt: a file in the folder of the index."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retrieval.errors import IndexDamaged
from retrieval.files import written
from retrieval.search.fusion import FUSION_WEIGHTS

FILE = "fusion.json"
OLDER = {"whitened": "apart", "ngrams": "pieces"}  # what signs were called in files of before


def read_weights(folder: Path) -> dict[str, float]:
    """The learnt weights, or those of the program. Raises IndexDamaged."""
    path = folder / FILE
    try:
        weights = json.loads(path.read_text(encoding="utf-8"))["weights"]
        weights |= {new: weights[old] for new, old in OLDER.items() if old in weights}
        found = {sign: float(weights[sign]) for sign in FUSION_WEIGHTS}
        if not all(map(math.isfinite, found.values())):
            raise ValueError("a weight is no number")
    except FileNotFoundError:
        return dict(FUSION_WEIGHTS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(
            f"{path} cannot be read ({error}): learn it again with `chatbot finetune fusion`, or go back to "
            "the weights of the program with `chatbot finetune fusion --reset`."
        ) from error
    return found


def write_weights(folder: Path, report: Mapping[str, Any]) -> Path:
    """Write a report with its "weights", whole or not at all; returns the file."""
    path = folder / FILE
    new = path.with_suffix(".new")
    new.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    os.replace(new, path)
    return path


def forget_weights(folder: Path) -> bool:
    """Remove what was learnt; returns whether there was anything."""
    there = (folder / FILE).exists()
    (folder / FILE).unlink(missing_ok=True)
    return there


def weights_version(folder: Path) -> int:
    """A number that changes when the file is written anew; 0 when there is none."""
    return written(folder / FILE)
