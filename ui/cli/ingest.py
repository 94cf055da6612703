"""`chatbot ingest`: read help articles into the index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ui.cli import options
from ui.errors import WorkIncomplete

if TYPE_CHECKING:
    from chatbot.settings import Settings
    from finetune.conversation import Problem
    from retrieval.ingest import IngestReport


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@options.home
@click.option(
    "--logs",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Past support conversations: learn which article answered which question.",
)
@click.option("--rebuild", is_flag=True, help="Make the index anew, of these paths alone.")
@options.as_json
def command(
    paths: tuple[Path, ...], home: Path | None, logs: tuple[Path, ...], rebuild: bool, as_json: bool
) -> None:
    """Read the articles in PATHS (files or folders) into the index.

    Reads Markdown, HTML, PDF, Word, text, CSV and JSON Lines. Only what is new or changed is embedded again,
    and what is gone from a path leaves the index. A running server uses the new index by itself.

    \b
    Examples:
      chatbot ingest help-articles/
      chatbot ingest manuals/ faq.csv --rebuild
      chatbot ingest help-articles/ --logs tickets.csv --logs chats.jsonl
    """
    from chatbot.settings import load_settings

    settings = load_settings(home=home)
    report = read(settings, paths, rebuild, quiet=as_json)
    learnt = learn(settings, logs) if logs else None
    if as_json:
        counts = asdict(report) | ({} if learnt is None else {"past_questions": learnt})
        click.echo(json.dumps(counts, ensure_ascii=False, indent=2))
    else:
        _print(report)
        if learnt is not None:
            click.echo(f"Past questions: {learnt} learnt from the logs.")
    if report.failed:
        raise WorkIncomplete(
            f"Not everything could be read ({len(report.failed)} failed); correct it and ingest again."
        )


def read(settings: Settings, paths: Sequence[Path], rebuild: bool, quiet: bool) -> IngestReport:
    """Ingest with a progress bar; a terminal that is not there, or `quiet`, gets none."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from retrieval.embed import load_embedder
    from retrieval.ingest import ingest

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=quiet or not console.is_terminal
    ) as progress:
        task = progress.add_task("Reading articles", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, description="Embedding passages", completed=done, total=total)

        embedder = load_embedder(settings.embedder)
        return ingest(paths, settings.index, embedder, show, rebuild=rebuild, store=settings.vectors)


def learn(settings: Settings, logs: Sequence[Path]) -> int:
    """Learn from past conversations; lines that cannot be read are named, the others go in."""
    from finetune.past_questions import learn_questions
    from retrieval.embed import load_embedder

    problems: list[Problem] = []
    learnt = learn_questions(logs, settings.index, load_embedder(settings.embedder), problems)
    for problem in problems:
        click.echo(f"  {problem}", err=True)
    return learnt


def _print(report: IngestReport) -> None:
    counts = ", ".join(
        f"{getattr(report, name)} {name}" for name in ("added", "changed", "removed", "unchanged")
    )
    click.echo(f"Articles: {counts}.")
    click.echo(f"The index has {report.passages} passages; {report.embedded} were embedded now.")
    width = max((len(file) for file, _ in report.failed), default=0)
    for file, reason in report.failed:
        click.echo(f"  {file:{width}}  {reason}", err=True)
