"""`chatbot evaluate retrieval`: how well the search finds, by words, by meaning and by both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ui.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("retrieval")
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--corpus",
    type=click.Path(exists=True, path_type=Path),
    help="Articles: a file or folder; else the index.",
)
@click.option("--queries", type=FILE, help="Questions, JSON Lines or CSV.")
@click.option("--qrels", type=FILE, help="Which article answers which question: query-id, corpus-id, score.")
@click.option("--dialogues", type=FILE, help="What was said before: JSON Lines with id and messages.")
@click.option("--last-turn-only", is_flag=True, help="Search by the question alone, whatever came before.")
@click.option("--questions", type=click.IntRange(1), help="Ask at most so many, always the same ones.")
@click.option(
    "--articles", type=click.IntRange(1), help="Search so many rows of --corpus, the right ones among them."
)
@options.home
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write the report with every question to this file."
)
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the measures into this PNG.")
@options.as_json
def command(
    folders: tuple[Path, ...],
    corpus: Path | None,
    queries: Path | None,
    qrels: Path | None,
    dialogues: Path | None,
    home: Path | None,
    out: Path | None,
    plot: Path | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Measure the search on questions whose articles are known.

    FOLDERS have the files of BEIR (corpus.jsonl, queries.jsonl, qrels.tsv, and dialogues.jsonl where there
    is one); or name the files. A question is a row with id and text (or question), and may have a history: a
    list of earlier questions, or of objects with role and content. Without --qrels its column article names
    what answers it, several parted by semicolons. Without --corpus the installed index is searched.

    Indexes and vectors are kept in HOME/measured, so that the next run takes seconds and tells what changed.

    \b
    Examples:
      chatbot evaluate retrieval sets/mtrag sets/stackfaq --plot search.png
      chatbot evaluate retrieval --corpus corpus.jsonl --queries queries.jsonl --qrels qrels.tsv --json
      chatbot evaluate retrieval --queries examples/questions.jsonl
      chatbot evaluate retrieval --corpus help-articles/ --queries questions.csv
    """
    from chatbot.settings import load_settings
    from finetune.evaluation.questions import Files, files_of
    from finetune.evaluation.retrieval_plot import plot_retrieval
    from finetune.evaluation.retrieval_set import measure_set

    sets = [files_of(folder) for folder in folders]
    if queries:
        sets.append(Files(corpus, queries, qrels, dialogues))
    elif corpus or qrels or dialogues or not sets:
        raise click.UsageError("name folders, or the questions with --queries.")
    reports = []
    for files in sets:
        with _progress(as_json) as on_step:
            report = measure_set(files, load_settings(home=home), on_step=on_step, **how)
        rows = report.pop("rows")
        for note in report["notes"]:
            click.echo(f"  {note}", err=True)
        if not as_json:
            _print(report)
        reports.append(report | {"rows": rows} if out else report)
    if out:
        out.write_text(json.dumps(reports, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if plot:
        plot_retrieval(reports, plot)
    if as_json:
        shown = [{name: value for name, value in report.items() if name != "rows"} for report in reports]
        click.echo(json.dumps(shown if len(shown) > 1 else shown[0], ensure_ascii=False, indent=2))


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A bar with the time that is left; none where no terminal is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    off = quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=off) as progress:
        task = progress.add_task("Reading", total=None)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)


def _print(report: dict[str, Any]) -> None:
    from finetune.evaluation.rankings import MEASURES

    click.secho(f"{report['set']}: {report['questions']} questions, {report['passages']} passages", bold=True)
    for part, ways in report["measures"].items():
        click.echo(f"{part:20}" + "".join(f"{name:>21}" for name in MEASURES))
        for way, row in ways.items():
            if way != "gain":
                click.echo(f"  {way:18}" + "".join(f"{_shown(row[name]):>21}" for name in MEASURES))
        gain = ways["gain"]
        click.echo(f"  fused over {gain['over']}, nDCG@10: {_shown(gain, '+')}")
    times = "  ".join(f"{part} {value:.2f}" for part, value in report["milliseconds"].items())
    click.echo(f"milliseconds a question: {times}")
    if change := report["change"]:
        click.echo(f"since {change['since'][:16]}: {change['verdict']}, nDCG@10 {_shown(change, '+')}")


def _shown(value: dict[str, Any], sign: str = "") -> str:
    return f"{value['mean']:{sign}.3f} [{value['low']:{sign}.3f}, {value['high']:{sign}.3f}]"
