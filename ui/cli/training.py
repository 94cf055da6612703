"""Options of how the model is trained: the method, its numbers, and how a run goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

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
        "--resume", is_flag=True, help="Go on with a run that was killed: that of --out, or the last."
    ),
)


def training(command: Callable[..., Any]) -> Callable[..., Any]:
    """All of them, in the order in which --help shows them."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
