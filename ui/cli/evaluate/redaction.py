"""`chatbot evaluate redaction`: how much personal data is found, and how much else is taken for it."""

from __future__ import annotations

from pathlib import Path

import click

from ui.cli import options


@click.command("redaction")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.home
@options.redaction
@options.as_json
def command(file: Path, home: Path | None, redaction: Path | None, as_json: bool) -> None:
    """Redact the sentences of FILE and give recall and precision by type and language.

    FILE is JSON Lines. Each line has "text", "language" ("en" or "zh"; guessed without it) and
    "entities": a list of objects with "type" and either "start" and "end" (letters, from 0) or "text".
    Types: name, email, phone, address, card, id, order, ip, link, giftcard, reference, number, account,
    birthday. A sentence without entities shows what must stay.

    A value counts as found when all of it is replaced, by whatever type ("same type" says how often by
    its own); a replacement counts as right when it touches a labelled value.

    \b
    Examples:
      chatbot evaluate redaction examples/redaction.jsonl
      chatbot evaluate redaction my-labelled.jsonl --json

    \b
    A line:
      {"text": "I'm Dana, order 4471-22", "language": "en",
       "entities": [{"type": "name", "text": "Dana"}, {"type": "order", "start": 16, "end": 23}]}
    """
    import json

    from chatbot.privacy.rules import load_rules
    from chatbot.settings import load_settings
    from finetune.evaluation import redaction as evaluate_redaction

    report = evaluate_redaction.run(file, load_rules(redaction, load_settings(home=home).home))
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
        return
    click.echo(f"{'':14}{'labelled':>9}{'recall':>8}{'same type':>11}{'replaced':>10}{'precision':>11}")
    for language in ("all", "en", "zh"):
        for kind, score in report[language].items():
            recall, typed, precision = (
                _shown(score[key]) for key in ("recall", "recall_same_type", "precision")
            )
            click.echo(
                f"{language:4}{kind:10}{score['labelled']:9}{recall:>8}{typed:>11}{score['replaced']:10}{precision:>11}"
            )
    for title in ("missed", "wrong"):
        for line in report[title]:
            click.echo(f"  {title}: {line}")


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
