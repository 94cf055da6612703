"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

home = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the index, the database and the models; default .chatbot.",
)
redaction = click.option(
    "--redaction",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What your company's personal data looks like (docs/logs.md); default redaction.toml in --home.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for a program to read.")


def model(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which model answers, and in which engine."""
    for option in (
        click.option("--base-url", help="Address of an OpenAI-compatible server, for --engine openai."),
        click.option("--model", help="'default', 'base', or a model folder that `chatbot finetune` wrote."),
        click.option(
            "--engine", type=click.Choice(["auto", "local", "vllm", "openai"]), help="What runs the model."
        ),
    ):
        command = option(command)
    return command
