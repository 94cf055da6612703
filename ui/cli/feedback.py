"""`chatbot feedback`: what people thought of the answers, and what can be learnt from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ui.cli import options

if TYPE_CHECKING:
    from finetune.dataset.feedback import Feedback


@click.group("feedback", invoke_without_command=True)
@options.home
@options.redaction
@options.as_json
@click.pass_context
def command(context: click.Context, home: Path | None, redaction: Path | None, as_json: bool) -> None:
    """Count thumbs and colleagues' answers, and what `chatbot finetune --from-feedback` would make of them.

    Thumbs come from the chat page and POST /api/turns/ID/feedback, colleagues' answers from
    POST /api/turns/ID/correction. Personal data is masked; a conversation in which some may be left is left
    out.

    \b
    Examples:
      chatbot feedback
      chatbot feedback export feedback/
      chatbot finetune --from-feedback
    """
    if context.invoked_subcommand:
        return
    found = _read(home, redaction)
    if as_json:
        click.echo(json.dumps(found.counts(), ensure_ascii=False, indent=2))
        return
    for line in found.lines():
        click.echo(line)


@command.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@options.home
@options.redaction
@options.as_json
def export(folder: Path, home: Path | None, redaction: Path | None, as_json: bool) -> None:
    """Write preferences.jsonl, for preference tuning, and review.jsonl, the answers with a thumb down.

    \b
    Examples:
      chatbot feedback export feedback/
    """
    from finetune.dataset.preferences import write_preferences
    from finetune.jsonl import write_rows

    found = _read(home, redaction)
    folder.mkdir(parents=True, exist_ok=True)
    write_preferences(found.preferences, folder / "preferences.jsonl")
    write_rows(found.review, folder / "review.jsonl")
    if as_json:
        click.echo(json.dumps(found.counts() | {"folder": str(folder)}, ensure_ascii=False, indent=2))
        return
    for line in found.lines():
        click.echo(line)
    click.echo(f"{len(found.preferences)} preferences, {len(found.review)} to review: {folder}")


def _read(home: Path | None, redaction: Path | None) -> Feedback:
    from chatbot.index import article_texts
    from chatbot.privacy.rules import load_rules
    from chatbot.settings import load_settings
    from finetune.dataset.feedback import open_feedback

    settings = load_settings(home=home)
    return open_feedback(settings.database, article_texts(settings), load_rules(redaction, settings.home))
