"""What a training run is made of: the method and its numbers, with the values each method does well with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, get_args

from finetune.errors import BadRecipe

Method = Literal["lora", "dora", "rslora", "adalora", "qlora", "prefix", "full"]
METHODS: tuple[Method, ...] = get_args(Method)

# Where a method wants something else than LoRA does. rsLoRA divides alpha by the root of the rank: 8 gives
# LoRA's scale of 2 at rank 16 and keeps it sensible at others. AdaLoRA's singular values begin at zero and
# want larger steps, and so does a prefix. All weights at once want tiny ones.
_OWN: dict[str, dict[str, Any]] = {
    "rslora": {"alpha": 8},
    "adalora": {"learning_rate": 2e-3},
    "prefix": {"learning_rate": 1e-2},
    "full": {"learning_rate": 3e-5},
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """`minutes` ends a run early, with the learning rate already brought down; `patience` too.

    `patience` counts validations without a better loss, of about VALIDATIONS in a run; 0: never. A step
    takes `batch` times `accumulate` examples on each device. `alpha` scales the adapter, see `recipe_of`.
    """

    method: Method = "lora"
    epochs: float = 2.0
    minutes: float | None = None
    learning_rate: float = 4e-4
    rank: int = 16
    alpha: int = 32
    batch: int = 4
    accumulate: int = 2
    patience: int = 3
    gradient_checkpointing: bool = False
    seed: int = 0


def recipe_of(method: Method = "lora", **given: Any) -> Recipe:
    """The recipe of a method: what is given (and is not None), else what suits the method.

    Raises BadRecipe when the method cannot be run here.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    rank = int(chosen.get("rank", 16))
    recipe = Recipe(**{"method": method, "alpha": 2 * rank} | _OWN.get(method, {}) | chosen)
    check(recipe)
    return recipe


def check(recipe: Recipe) -> None:
    """Raises BadRecipe with one sentence when this machine, or the method itself, cannot do it."""
    if recipe.method == "prefix" and recipe.gradient_checkpointing:
        raise BadRecipe(
            "A learned prefix cannot be trained with --gradient-checkpointing; leave it out, or use "
            "another --method."
        )
    if recipe.method == "qlora" and (missing := _missing_for_qlora()):
        raise BadRecipe(f"--method qlora needs {missing}; use `--method lora`, which runs everywhere.")


def changed(one: Recipe, two: Recipe) -> list[str]:
    """The names of the fields in which two recipes differ."""
    return [f.name for f in dataclasses.fields(Recipe) if getattr(one, f.name) != getattr(two, f.name)]


def _missing_for_qlora() -> str:
    from importlib.util import find_spec

    import torch

    if not torch.cuda.is_available():
        return "an NVIDIA GPU, and this machine has none"
    return "" if find_spec("bitsandbytes") else "the package bitsandbytes (`pip install bitsandbytes`)"
