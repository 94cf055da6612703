"""`chatbot finetune model`: tune the language model on a company's own support logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ui.cli import options
from ui.cli.finetune.training import prefer, training


@click.command("model")
@click.argument("logs", nargs=-1, type=click.Path(exists=True, path_type=Path))
@options.home
@click.option(
    "--articles", type=click.Path(exists=True, path_type=Path), help="Help articles the agents answered from."
)
@click.option(
    "--index", type=click.Path(exists=True, path_type=Path), help="An index of them; default that of --home."
)
@click.option(
    "--base", default="base", show_default=True, help="Model to begin from: 'base', 'default' or a folder."
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the new model; default in --home.")
@click.option("--epochs", type=click.FloatRange(min=0, min_open=True), help="How often each example is seen.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop training after so long.")
@click.option("--seed", type=int, default=0, show_default=True, help="For the same result again.")
@click.option(
    "--also", type=click.Path(exists=True, path_type=Path), help="More examples to mix in, JSON Lines."
)
@click.option(
    "--augment",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="SHARE",
    help="Learn this share once more with typos, synonyms and passages in another order, such as 0.3.",
)
@click.option("--from-feedback", is_flag=True, help="Learn from thumbs and colleagues' answers here, too.")
@options.redaction
@training
@options.as_json
def command(
    logs: tuple[Path, ...],
    home: Path | None,
    articles: Path | None,
    index: Path | None,
    redaction: Path | None,
    preferences: Path | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Tune the model on LOGS of past support conversations and write a model folder.

    Personal data is masked first. Serve the result with `chatbot serve --model FOLDER`.

    \b
    Examples:
      chatbot finetune logs/2024.jsonl logs/2025.csv --articles help-articles/
      chatbot finetune logs/ --minutes 30 --out .chatbot/models/my-shop
      chatbot finetune logs/ --epochs 3 --method dora --rank 32
      chatbot finetune logs/ --epochs 3 --method dora --rank 32 --resume    after it was killed
      chatbot finetune --from-feedback           with all logs that were imported
      chatbot finetune --preferences liked.jsonl --loss dpo
    """
    import json

    if not logs and not preferences and not asked["from_feedback"]:
        raise click.UsageError("Name the logs to learn from, or give --from-feedback or --preferences.")
    if asked["loss"] and not preferences:
        raise click.UsageError("--loss says how to learn from --preferences, which are missing.")

    from chatbot.privacy.rules import load_rules
    from chatbot.settings import load_settings
    from finetune import tune as pipeline

    settings = load_settings(home=home)
    if preferences:
        report = prefer(
            preferences,
            settings,
            _say,
            asked | {"logs": logs, "articles": articles, "index": index, "redaction": redaction},
        )
    else:
        asked.pop("loss")
        report = pipeline.run(
            list(logs),
            settings=settings,
            articles=articles,
            index=index,
            say=_say,
            rules=load_rules(redaction, settings.home),
            **asked,
        )
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2, default=str))


def _say(line: str) -> None:
    """Progress goes to standard error, so that --json stays one object."""
    click.echo(line, err=True)
