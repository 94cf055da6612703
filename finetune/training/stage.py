"""The training of a run: on this process's device, or on all GPUs of the machine through accelerate."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chatbot.models.folders import ModelFolder
from chatbot.models.prefix import prefix_of
from finetune.dataset.example import Example, read, write
from finetune.errors import BadRecipe, TrainingError
from finetune.progress import Say, minutes
from finetune.training.clock import Moment, OnStep
from finetune.training.estimate import estimate
from finetune.training.recipe import Recipe
from finetune.training.train import Trained, read_trained, train
from finetune.training.trials import Tried, search

SECONDS = 10.0  # between two lines of progress
TASK = "task.json"


def train_stage(
    start: ModelFolder,
    examples: Sequence[Example],
    validation: Sequence[Example],
    out: Path,
    recipe: Recipe,
    say: Say,
    resume: bool = False,
) -> Trained:
    """Tune `start` and tell how it goes. Raises TrainingError."""
    if prefix_of(start.path):
        raise BadRecipe(f"{start.label} has a learned prefix and cannot be tuned further; use its base.")
    bound = f", at most {recipe.minutes:g} minutes" if recipe.minutes else ""
    say(
        f"Training {start.label} on {len(examples)} examples with {recipe.method}, "
        f"{recipe.epochs:g} epochs{bound}"
    )
    if devices() > 1:
        trained = _on_all(start.path, examples, validation, out, recipe, resume)
    else:
        trained = train(start.path, examples, validation, out, recipe, telling(say), resume)
    early = ", as the validation loss went down no more" if trained.stopped_early else ""
    speed = trained.tokens / max(trained.seconds, 1e-6)
    say(f"Trained {trained.steps} steps in {minutes(trained.seconds)}{early}, {speed:.0f} tokens/s")
    return trained


def search_stage(
    start: ModelFolder,
    examples: Sequence[Example],
    validation: Sequence[Example],
    work: Path,
    recipe: Recipe,
    trials: int,
    say: Say,
) -> tuple[Recipe, list[Tried]]:
    """The better recipe of so many short runs, with the table of them told. Raises TrainingError."""
    say(f"Searching for better numbers in {trials} short runs")
    best, tried = search(start.path, examples, validation, work, recipe, trials, say)
    say("Trials, best first:")
    for one in tried:
        say(f"  {one.number:3}  {one}")
    return best, tried


def dry(
    start: ModelFolder,
    examples: Sequence[Example],
    validation: Sequence[Example],
    work: Path,
    recipe: Recipe,
    say: Say,
) -> dict[str, Any]:
    """Tell what the training would take, and remove what the dry run has made. Raises TrainingError."""
    say(f"Measuring two steps of {recipe.method} on {start.label}")
    try:
        found = estimate(start.path, examples, validation, work, recipe)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for line in found.lines():
        say(line)
    return {"dry_run": asdict(found), "recipe": asdict(recipe), "base": start.label}


def telling(say: Say) -> OnStep:
    """Says every few seconds how a run stands."""
    spoken = 0.0

    def tell(now: Moment) -> None:
        nonlocal spoken
        if now.at - spoken < SECONDS and now.share < 1:
            return
        spoken = now.at
        held = f", validation {now.validation:.3f}" if now.validation is not None else ""
        say(
            f"Training: {now.share:4.0%}, {minutes(now.left)} left, {now.speed:.0f} tokens/s, "
            f"loss {now.loss:.3f}{held}"
        )

    return tell


def devices() -> int:
    """GPUs of this machine; 0 without any."""
    import torch

    return torch.cuda.device_count()


def _on_all(
    base: Path,
    examples: Sequence[Example],
    validation: Sequence[Example],
    out: Path,
    recipe: Recipe,
    resume: bool,
) -> Trained:
    """One process for each GPU; each of them runs `main` below."""
    if recipe.minutes:
        raise BadRecipe("Several GPUs count steps and not minutes: give --epochs.")
    folder = out.parent
    write(examples, folder / "train.jsonl")
    write(validation, folder / "validation.jsonl")
    task = {"base": str(base), "out": str(out), "recipe": asdict(recipe), "resume": resume}
    (folder / TASK).write_text(json.dumps(task), encoding="utf-8")
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", str(devices())]
    done = subprocess.run([*launch, "-m", "finetune.training.stage", str(folder)], check=False)
    if done.returncode:
        raise TrainingError(
            f"Training on {devices()} GPUs ended with code {done.returncode}; its messages are above. "
            "Set CUDA_VISIBLE_DEVICES=0 to train on one."
        )
    return read_trained(out)


def main(folder: Path) -> None:
    """Train the task in a run's folder, as one of the processes that `accelerate launch` started."""
    task = json.loads((folder / TASK).read_text(encoding="utf-8"))
    train(
        Path(task["base"]),
        list(read(folder / "train.jsonl")),
        list(read(folder / "validation.jsonl")),
        Path(task["out"]),
        Recipe(**task["recipe"]),
        telling(lambda line: print(line, file=sys.stderr)),
        task["resume"],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
