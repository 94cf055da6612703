"""What a run will take, before it begins: time, memory and disk, measured on two real steps."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from finetune.dataset.example import Example
from finetune.errors import TrainingError
from finetune.training.clock import Clock
from finetune.training.recipe import Recipe
from finetune.training.train import MAX_TOKENS, Row, encode, load_for, make_trainer
from finetune.training.watch import VALIDATIONS

STEPS = 2
GIB = 1 << 30
# A checkpoint holds three numbers in float32 for each weight that learns (itself, two moments of Adam); two
# are kept while the next is written, and the best weights once more.
COPIES = 3 * 3 + 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of training with its validations; bytes of memory at the peak, of disk needed and free.

    `tokens` are those of the whole run, `trainable` is how many weights learn.
    """

    seconds: float
    steps: int
    tokens: int
    tokens_a_second: float
    trainable: int
    memory: int
    disk: int
    free: int

    def lines(self) -> list[str]:
        """For people."""
        short = "" if self.disk < self.free else ": too little"
        return [
            f"  time    {self.seconds / 60:.1f} min: {self.steps} steps, {self.tokens} tokens, "
            f"{self.tokens_a_second:.0f} tokens/s",
            f"  memory  {self.memory / GIB:.1f} GiB at the peak; {self.trainable / 1e6:.1f} M weights learn",
            f"  disk    {self.disk / GIB:.1f} GiB of {self.free / GIB:.1f} GiB that are free{short}",
        ]


def estimate(
    base: Path, examples: Sequence[Example], validation: Sequence[Example], work: Path, recipe: Recipe
) -> Estimate:
    """Run two real steps, the longest examples among them, and reckon the rest; nothing of it is kept.

    Raises TrainingError when there is nothing to train on.
    """
    model, tokenizer = load_for(base, recipe)
    rows, held = encode(tokenizer, examples), encode(tokenizer, validation)
    if not rows:
        raise TrainingError(f"No example fits into {MAX_TOKENS} tokens; shorten the passages.")
    few = _few(rows, recipe)
    with tempfile.TemporaryDirectory() as folder:
        trainer, watch = make_trainer(model, tokenizer, few, [], Path(folder), replace(recipe, epochs=1))
        watch.clock.start()
        began = time.monotonic()
        trainer.train()
        speed = _tokens(few) / (time.monotonic() - began)
    tokens = round(_tokens(rows) * recipe.epochs)
    # A validation is a forward pass alone, a third of the work; one comes before the first step.
    seconds = (tokens + (VALIDATIONS + 1) * _tokens(held) / 3) / speed
    trainable = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    return Estimate(
        min(seconds, recipe.minutes * 60) if recipe.minutes else seconds,
        Clock(recipe, len(rows)).total,
        tokens,
        speed,
        trainable,
        _peak(),
        sum(file.stat().st_size for file in base.iterdir() if file.is_file()) + 4 * COPIES * trainable,
        shutil.disk_usage(work).free,
    )


def _few(rows: Sequence[Row], recipe: Recipe) -> list[Row]:
    """A batch of the longest, which decide over the memory, and others as they come, for the time."""
    by_length = sorted(rows, key=lambda row: len(row["input_ids"]), reverse=True)
    rest = by_length[recipe.batch :]
    others = min(len(rest), STEPS * recipe.batch * recipe.accumulate - recipe.batch)
    return [*by_length[: recipe.batch], *random.Random(recipe.seed).sample(rest, others)]


def _tokens(rows: Sequence[Row]) -> int:
    return sum(len(row["input_ids"]) for row in rows)


def _peak() -> int:
    """Bytes: of the GPU where there is one, else of this process."""
    import resource

    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
