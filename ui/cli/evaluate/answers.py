"""`chatbot evaluate answers`: how good the answers are, on questions whose answers are known."""

from __future__ import annotations

from pathlib import Path

import click

from ui.cli import options


@click.command("answers")
@click.argument("questions", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.home
@options.model
@click.option("--out", type=click.Path(path_type=Path), help="Write the full report to this file.")
@options.as_json
def command(questions: Path, home: Path | None, out: Path | None, as_json: bool, **model: str | None) -> None:
    """Answer every question in QUESTIONS (JSON Lines) and measure the answers.

    \b
    Examples:
      chatbot evaluate answers questions.jsonl
      chatbot evaluate answers questions.jsonl --model .chatbot/models/my-shop --out report.json --json
    """
    import json

    from chatbot.settings import load_settings
    from finetune.evaluation import answers
    from finetune.progress import Progress

    progress = Progress(lambda line: click.echo(line, err=True), f"Asking the questions of {questions.name}")
    report = answers.evaluate_answers(
        questions,
        settings=load_settings(home=home, **model),
        out=out,
        on_step=lambda done, total: progress(done / total),
    )
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2, default=str))
        return
    for part in ("all", "en", "zh"):
        for name, value in report.get(part, {}).items():
            click.echo(f"{part:4}{name.replace('_', ' '):32}{_shown(value)}")


def _shown(value: object) -> str:
    """A number, or a mean with its interval and how many it is over."""
    if isinstance(value, dict):
        return "  ".join(f"{name} {_shown(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "–".join(_shown(part) for part in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)
