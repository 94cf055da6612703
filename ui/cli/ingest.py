"""`chatbot ingest`: read help articles into the index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ui.cli import options
from ui.errors import WorkIncomplete

if TYPE_CHECKING:
    from chatbot.privacy.rules import RedactionRules
    from chatbot.settings import Settings
    from finetune.logs.conversation import Problem
    from retrieval.articles.crawl import Pace
    from retrieval.ingest import IngestReport

SHOWN = 20  # changes of a source; a first ingest has thousands


class Source(click.Path):
    """A file or folder that exists, or the address of a site."""

    name = "path or address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A Path, or the address as it is."""
        if str(value).startswith(("http://", "https://")):
            return str(value)
        return Path(str(click.Path(exists=True).convert(value, param, ctx)))


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=Source())
@options.home
@click.option(
    "--logs",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Past support conversations: learn which article answered which question.",
)
@options.redaction
@click.option("--rebuild", is_flag=True, help="Make the index anew, of these paths alone.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option(
    "--delay",
    type=click.FloatRange(0, 60),
    default=0.5,
    show_default=True,
    help="Seconds between two requests to a site; its robots.txt may ask for more.",
)
@click.option(
    "--max-pages", type=click.IntRange(1), default=1000, show_default=True, help="Most pages of a site."
)
@options.as_json
def command(
    paths: tuple[Path | str, ...],
    home: Path | None,
    logs: tuple[Path, ...],
    redaction: Path | None,
    rebuild: bool,
    dry_run: bool,
    delay: float,
    max_pages: int,
    as_json: bool,
) -> None:
    """Read the articles in PATHS (files, folders, or the address of a sitemap or site) into the index.

    Reads Markdown, HTML, PDF, Word, text, CSV, JSON Lines, Excel, and the JSON exports of Zendesk Guide and
    Intercom Articles. A site is crawled as its robots.txt allows, and never beyond its host. Only what is new
    or changed is embedded again, and what is gone from a path leaves the index. A running server uses the new
    index by itself.

    \b
    Examples:
      chatbot ingest help-articles/
      chatbot ingest manuals/ faq.csv --rebuild
      chatbot ingest help-articles/ --logs tickets.csv --logs chats.jsonl
      chatbot ingest https://shop.example/sitemap.xml --delay 1
      chatbot ingest help-articles/ --dry-run
    """
    from chatbot.privacy.rules import load_rules
    from chatbot.settings import load_settings
    from retrieval.articles.crawl import Pace

    settings = load_settings(home=home)
    if dry_run and logs:
        raise click.UsageError("--dry-run shows changes of articles only: leave out --logs.")
    pace = Pace(delay, max_pages)
    report = read(settings, paths, rebuild, quiet=as_json, dry_run=dry_run, pace=pace)
    learnt = learn(settings, logs, load_rules(redaction, settings.home)) if logs else None
    if as_json:
        counts = asdict(report) | ({} if learnt is None else {"past_questions": learnt})
        click.echo(json.dumps(counts, ensure_ascii=False, indent=2))
    else:
        _print(report, dry_run)
        if learnt is not None:
            click.echo(f"Past questions: {learnt} learnt from the logs.")
    if report.failed:
        raise WorkIncomplete(
            f"Not everything could be read ({len(report.failed)} failed); correct it and ingest again."
        )


def read(
    settings: Settings,
    paths: Sequence[Path | str],
    rebuild: bool,
    quiet: bool,
    dry_run: bool = False,
    pace: Pace | None = None,
) -> IngestReport:
    """Ingest with a progress bar; a terminal that is not there, or `quiet`, gets none."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from retrieval.embed.load import load_embedder
    from retrieval.ingest import ingest

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=quiet or not console.is_terminal
    ) as progress:
        task = progress.add_task("Reading articles", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, description="Embedding passages", completed=done, total=total)

        def fetched(done: int, total: int) -> None:
            progress.update(task, description="Fetching pages", completed=done, total=total)

        return ingest(
            paths,
            settings.index,
            load_embedder(settings.embedder),
            show,
            rebuild=rebuild,
            store=settings.vectors,
            dry_run=dry_run,
            pace=pace,
            on_page=fetched,
        )


def learn(settings: Settings, logs: Sequence[Path], rules: RedactionRules) -> int:
    """Learn from past conversations; lines that cannot be read are named, the others go in."""
    from chatbot.index import open_index
    from finetune.dataset.past_questions import learn_questions

    problems: list[Problem] = []
    learnt = learn_questions(logs, open_index(settings), problems, rules)
    for problem in problems:
        click.echo(f"  {problem}", err=True)
    return learnt


def _print(report: IngestReport, dry_run: bool) -> None:
    for source, changes in groupby(report.changes, key=lambda change: change.source):
        shown = list(changes)
        click.echo(f"{source or 'elsewhere'}:")
        for change in shown[:SHOWN]:
            click.echo(f"  {change.kind:8} {change.title}  " + click.style(change.article, dim=True))
        if len(shown) > SHOWN:
            click.echo(f"  and {len(shown) - SHOWN} more (all of them with --json)")
    counts = ", ".join(
        f"{getattr(report, name)} {name}" for name in ("added", "changed", "removed", "unchanged")
    )
    click.echo(f"Articles: {counts}." + (" Nothing was written." if dry_run else ""))
    has, were = ("would have", "would be") if dry_run else ("has", "were")
    click.echo(f"The index {has} {report.passages} passages; {report.embedded} {were} embedded now.")
    for note in report.notes:
        click.echo(f"  {note}", err=True)
    width = max((len(file) for file, _ in report.failed), default=0)
    for file, reason in report.failed:
        click.echo(f"  {file:{width}}  {reason}", err=True)
