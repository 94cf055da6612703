"""`chatbot search`: what the index finds, with its scores."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ui.cli import options

if TYPE_CHECKING:
    from retrieval.passage import Hit


@click.command("search")
@click.argument("query")
@options.home
@click.option("-k", type=click.IntRange(1, 50), default=5, show_default=True, help="How many passages.")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Prefer passages in this language.")
@options.as_json
def command(query: str, home: Path | None, k: int, language: str | None, as_json: bool) -> None:
    """Find the passages for QUERY, best first, without asking the language model.

    \b
    Examples:
      chatbot search "return a lamp"
      chatbot search -k 10 --language zh "退货"
    """
    from chatbot.settings import load_settings
    from retrieval.embed import load_embedder
    from retrieval.index import Index

    settings = load_settings(home=home)
    hits = Index.open(settings.index, load_embedder(settings.embedder)).search(query, k, language)
    if as_json:
        click.echo(json.dumps([asdict(hit) for hit in hits], ensure_ascii=False, indent=2))
        return
    for n, hit in enumerate(hits, start=1):
        _print(n, hit)
    if not hits:
        click.echo("Nothing was found.")


def _print(n: int, hit: Hit) -> None:
    scores = f"score {hit.score:.3f}  meaning {hit.dense:.3f}  words {hit.lexical:.2f}"
    click.echo(f"{n}. " + click.style(hit.passage.context or hit.passage.id, bold=True))
    click.echo(f"   {scores}  coverage {hit.coverage:.0%}  " + click.style(hit.passage.id, dim=True))
    text = " ".join(hit.passage.text.split())
    click.echo(f"   {text[:240]}{'…' if len(text) > 240 else ''}")
