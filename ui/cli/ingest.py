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
    from retrieval.ingest import IngestReport


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@options.home
@click.option("--rebuild", is_flag=True, help="Make the index anew, of these paths alone.")
@options.as_json
def command(paths: tuple[Path, ...], home: Path | None, rebuild: bool, as_json: bool) -> None:
    """Read the articles in PATHS (files or folders) into the index.

    Reads Markdown, HTML, PDF, Word, text, CSV and JSON Lines. Only what is new or changed is embedded again,
    and what is gone from a path leaves the index. A running server uses the new index by itself.

    \b
    Examples:
      chatbot ingest help-articles/
      chatbot ingest manuals/ faq.csv --rebuild
    """
    from chatbot.settings import load_settings

    report = read(load_settings(home=home), paths, rebuild, quiet=as_json)
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False, indent=2))
    else:
        _print(report)
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
        return ingest(paths, settings.index, embedder, show, rebuild=rebuild)


def _print(report: IngestReport) -> None:
    counts = ", ".join(
        f"{getattr(report, name)} {name}" for name in ("added", "changed", "removed", "unchanged")
    )
    click.echo(f"Articles: {counts}.")
    click.echo(f"The index has {report.passages} passages; {report.embedded} were embedded now.")
    width = max((len(file) for file, _ in report.failed), default=0)
    for file, reason in report.failed:
        click.echo(f"  {file:{width}}  {reason}", err=True)
