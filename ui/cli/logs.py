"""`chatbot logs`: bring the support desk's past conversations in, without personal data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ui.cli import options
from ui.errors import WorkIncomplete

if TYPE_CHECKING:
    from chatbot.settings import Settings
    from finetune.logs.import_logs import ImportReport


@click.group("logs")
def command() -> None:
    """Past conversations of your support desk.

    \b
    Example:
      chatbot logs import tickets.json
    """


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@options.home
@click.option("--name", help="Name of the log in --home; default that of the first file.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="MEANING=COLUMN",
    help="Which column has the message, role, author, conversation, customer, at, question, answer ...",
)
@click.option("--order-number", help="How your order numbers look, as a regular expression.")
@options.redaction
@options.as_json
def read(
    files: tuple[Path, ...],
    home: Path | None,
    name: str | None,
    columns: tuple[str, ...],
    order_number: str | None,
    redaction: Path | None,
    as_json: bool,
) -> None:
    """Read exports in FILES (or folders), take the personal data out, and keep them as a log in --home.

    Reads CSV (columns are guessed and shown), JSON Lines of messages or conversations, exports of Zendesk
    tickets, Intercom and Chatwoot conversations, and files with a question and its answer in two columns, in
    English and Chinese. Files of any size; an import that was stopped goes on when the same command is given
    again.

    What your help articles print (your own e-mail, phone and links) stays, if there is an index in --home.

    Exit codes: 0 all is read; 1 a file could not be read; 2 nothing could be read, or the options are wrong.

    \b
    Examples:
      chatbot logs import zendesk-tickets.json
      chatbot logs import chats.csv --column message=Inhalt --column role=Von
      chatbot logs import 2024.csv 2025.csv --name desk --order-number "HX\\d{8}"
      chatbot finetune .chatbot/logs/desk
    """
    import json

    from chatbot.privacy.rules import load_rules, pattern
    from chatbot.settings import load_settings
    from finetune.logs.import_logs import import_logs

    settings = load_settings(home=home)
    rules = load_rules(redaction, settings.home)
    if order_number is not None:
        rules = replace(rules, order_number=pattern("order_number", order_number, "--order-number"))
    out = settings.home / "logs" / (name or _name_of(files[0]))
    say: Callable[..., None] = (lambda *_: None) if as_json else _say_columns
    with _Bar(quiet=as_json) as bar:
        report = import_logs(
            files,
            out,
            given=_columns(columns),
            rules=rules.knowing(_public(settings)),
            shown=say,
            told=bar.show,
        )
    if as_json:
        about: dict[str, Any] = {"folder": str(out), "resumed": report.resumed, "unread": report.unread}
        click.echo(json.dumps(about | report.counts(), ensure_ascii=False, indent=2))
    else:
        _print(report)
    if report.unread:
        raise WorkIncomplete(" ".join(report.unread))


@command.command("distill")
@click.argument("logs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--base-url", required=True, help="Address of the teacher, an OpenAI-compatible server.")
@click.option("--model", required=True, help="The teacher's name on that server.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File of the examples."
)
@click.option(
    "--at-once", type=click.IntRange(min=1), default=4, show_default=True, help="Questions asked at a time."
)
@options.home
@options.redaction
@options.as_json
def distill(
    logs: tuple[Path, ...],
    base_url: str,
    model: str,
    out: Path,
    at_once: int,
    home: Path | None,
    redaction: Path | None,
    as_json: bool,
) -> None:
    """Let a larger model answer the questions in LOGS from your help articles, as examples to learn from.

    The questions are redacted before they are sent; the key is CHATBOT_API_KEY. An answer is kept when your
    passages carry each of its sentences: words, figures, names, and whether it says yes or no. A run that was
    stopped goes on when the same command is given again.

    \b
    Examples:
      chatbot logs distill .chatbot/logs/desk --base-url http://127.0.0.1:8000/v1 --model big --out more.jsonl
      chatbot finetune .chatbot/logs/desk --also more.jsonl
    """
    import json

    from chatbot.engines.openai_server import OpenAIEngine
    from chatbot.index import open_index
    from chatbot.privacy.rules import load_rules
    from chatbot.settings import load_settings
    from finetune.dataset.distil import distil, questions
    from finetune.progress import Progress

    settings = load_settings(home=home, base_url=base_url)
    index = open_index(settings)
    asked = questions(logs, index, load_rules(redaction, settings.home))
    progress = Progress(lambda line: click.echo(line, err=True), f"Asking {model} {len(asked)} questions")
    teacher = OpenAIEngine(settings.base_url, model, settings.api_key)
    found = distil(asked, index, teacher, out, at_once, lambda done, of: progress(done / of))
    if as_json:
        counts = {"asked": found.asked, "examples": len(found.examples), "dropped": dict(found.drops)}
        click.echo(json.dumps(counts | {"file": str(out)}, ensure_ascii=False, indent=2))
        return
    click.echo(f"{len(found.examples)} examples of {found.asked} questions: {out}")
    for reason, times in found.drops.most_common():
        click.echo(f"  {times:5}  left out: {reason}")


class _Bar:
    """A progress bar on standard error with the time that is left; none where there is no terminal."""

    def __init__(self, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
            console=console, transient=True, disable=quiet or not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("Reading logs", total=None)

    def show(self, at: int, total: int, conversations: int) -> None:
        """Bytes read, of how many, and conversations so far."""
        self._bar.update(
            self._task, completed=at, total=total, description=f"Reading logs, {conversations} conversations"
        )

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _columns(said: tuple[str, ...]) -> dict[str, str]:
    from finetune.logs.columns import MEANINGS

    given = {}
    for one in said:
        meaning, equals, column = one.partition("=")
        if not equals or not column or meaning not in MEANINGS:
            raise click.BadParameter(
                f'"{one}" is not MEANING=COLUMN; meanings are {", ".join(MEANINGS)}.', param_hint="--column"
            )
        given[meaning] = column
    return given


def _public(settings: Settings) -> set[str]:
    """The shop's own contacts, if its articles are there to tell."""
    from chatbot.index import article_texts
    from chatbot.privacy.redact import public_values
    from retrieval.errors import RetrievalError

    try:
        return public_values(article_texts(settings))
    except (RetrievalError, OSError):
        return set()


def _name_of(path: Path) -> str:
    return path.stem or path.resolve().name


def _say_columns(file: Path, form: str, meant: Mapping[str, str]) -> None:
    told = ", ".join(f"{meaning}={column}" for meaning, column in meant.items())
    click.echo(f"{file}: {form}; columns {told}", err=True)


def _print(report: ImportReport) -> None:
    languages = ", ".join(f"{count} {name}" for name, count in sorted(report.languages.items()))
    click.echo(f"Kept: {report.conversations} conversations ({languages}) with {report.messages} messages.")
    if report.resumed:
        click.echo(f"  {report.resumed} of them were there from a run that was stopped.")
    for title, seen in (("Dropped", report.dropped), ("Mended", report.mended)):
        click.echo(f"{title}:" + ("" if seen else " nothing."))
        for reason, (times, first) in seen.items():
            click.echo(f"  {times:7}  {reason} (first: {first})")
    click.echo(
        "Replaced: " + (", ".join(f"{k} {n}" for k, n in report.redacted.most_common()) or "nothing") + "."
    )
    click.echo("Before and after, shown here only:")
    for before, after in report.examples:
        click.echo("  - " + " ".join(before.split())[:300])
        click.echo("  + " + " ".join(after.split())[:300])
    click.echo(f"Written to {report.folder}; train on it with `chatbot finetune {report.folder}`.")
