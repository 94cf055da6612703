"""`chatbot evaluate model`: base, published model and a candidate side by side, as one report."""

from __future__ import annotations

from pathlib import Path

import click

from ui.cli import options


@click.command("model")
@click.argument("name")
@options.home
@click.option("--against", metavar="VERSION", help="Compare with this version in place of the published one.")
@click.option(
    "--index",
    type=click.Path(exists=True, path_type=Path),
    help="Index to answer from; default that of the run.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Ask only the first so many questions.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the report; default the version's.",
)
@options.as_json
def command(
    name: str,
    home: Path | None,
    against: str | None,
    index: Path | None,
    limit: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Ask the version NAME, the model it began from and the published one the same held-out questions.

    The questions are those that the version was not trained on; each goes through the whole turn. Writes
    report.html (for people) and evaluation.json (for programs). What a model has answered is kept, so that a
    run which was stopped goes on where it was.

    \b
    Examples:
      chatbot evaluate model support-20250301-101500
      chatbot evaluate model my-shop --against last-month --out /tmp/report --limit 20
    """
    import json

    from chatbot.settings import load_settings
    from finetune.evaluation.report import PAGE
    from finetune.evaluation.report_page import lines
    from finetune.release import measure

    settings = load_settings(home=home)
    comparison = measure.evaluate_version(
        name, settings=settings, against=against, index=index, limit=limit, out=out, say=_say
    )
    if as_json:
        click.echo(json.dumps(comparison, ensure_ascii=False, indent=2))
        return
    for line in lines(comparison):
        click.echo(line)
    click.echo(f"Report: {(out or settings.home / 'models' / name) / PAGE}")


def _say(line: str) -> None:
    """Progress goes to standard error, so that --json stays one object."""
    click.echo(line, err=True)
