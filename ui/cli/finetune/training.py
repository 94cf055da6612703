"""Options of how the model is trained: the method, its numbers, and how a run goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from chatbot.settings import Settings

METHODS = ("lora", "dora", "rslora", "adalora", "qlora", "prefix", "full")
OPTIONS = (
    click.option(
        "--method",
        type=click.Choice(METHODS),
        default="lora",
        show_default=True,
        help="What learns: adapters (qlora: on 4-bit weights, needs a GPU), a prefix, or all weights.",
    ),
    click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Default by method."),
    click.option("--rank", type=click.IntRange(min=1), help="Of the adapters; default 16."),
    click.option(
        "--patience",
        type=click.IntRange(min=0),
        help="Stop after so many validations without a better loss; default 3 of about 8, 0: never.",
    ),
    click.option("--batch", type=click.IntRange(min=1), help="Examples at a time; default 4."),
    click.option("--gradient-checkpointing", is_flag=True, help="Half the memory for a third more time."),
    click.option(
        "--preferences",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Tune on a file of preferences instead of logs, from --base or the published model on.",
    ),
    click.option("--loss", type=click.Choice(["dpo", "kto"]), help="Of --preferences; default dpo."),
    click.option(
        "--trials", type=click.IntRange(min=0), default=0, help="Search better numbers in N short runs first."
    ),
    click.option("--dry-run", is_flag=True, help="Only say what time, memory and disk the training takes."),
    click.option(
        "--resume", is_flag=True, help="Go on with a run that was killed: that of --out, or the last."
    ),
)


def training(command: Callable[..., Any]) -> Callable[..., Any]:
    """All of them, in the order in which --help shows them."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def prefer(
    preferences: Path, settings: Settings, say: Callable[[str], None], asked: dict[str, Any]
) -> dict[str, Any]:
    """Tune on preferences with those options that mean something there; returns the report.

    Raises UsageError naming an option that does not.
    """
    from finetune import align as prefer_pipeline

    numbers = ("learning_rate", "rank", "batch", "epochs", "seed", "out")
    usual = {"method": "lora", "trials": 0, "augment": 0.0}
    for name, value in asked.items():
        meant = name in (*numbers, "base", "loss") or value in (None, False, (), usual.get(name))
        if not meant:
            raise click.UsageError(f"--{name.replace('_', '-')} means nothing with --preferences.")
    given = {name: asked[name] for name in numbers}
    base = "published" if asked["base"] == "base" else asked["base"]
    return prefer_pipeline.run(
        preferences,
        settings=settings,
        loss=asked["loss"] or "dpo",
        base=base,
        say=say,
        **given,
    )
