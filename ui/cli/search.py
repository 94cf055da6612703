"""`chatbot search`: what the index finds, with its scores, and on demand why."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ui.cli import options

if TYPE_CHECKING:
    from retrieval.articles.passage import Audience
    from retrieval.explain import Explanation
    from retrieval.search.hits import Hit

LANGUAGES = click.Choice(["en", "zh"])


@click.command("search")
@click.argument("query")
@options.home
@click.option("-k", type=click.IntRange(1, 50), default=5, show_default=True, help="How many passages.")
@click.option("--language", type=LANGUAGES, help="Only passages in this language.")
@click.option("--prefer", type=LANGUAGES, help="Passages in this language first, as in a conversation.")
@click.option("--product", default="", help="Only passages about this product.")
@click.option("--tag", "tags", multiple=True, help="Only passages with this tag; may be given several times.")
@click.option(
    "--audience",
    type=click.Choice(["public", "internal"]),
    default="public",
    show_default=True,
    help="Who reads: a customer, or staff, who may also read what is internal.",
)
@click.option("--explain", "explaining", is_flag=True, help="Show ranks, matched words and filters.")
@click.option("--why", default="", metavar="ARTICLE", help="Say what became of this article.")
@options.as_json
def command(
    query: str,
    home: Path | None,
    k: int,
    language: str | None,
    prefer: str | None,
    product: str,
    tags: tuple[str, ...],
    audience: Audience,
    explaining: bool,
    why: str,
    as_json: bool,
) -> None:
    """Find the passages for QUERY, best first, without asking the language model.

    \b
    Examples:
      chatbot search "return a lamp"
      chatbot search -k 10 --language zh "退货"
      chatbot search --product "Lamp Pro" --tag warranty "how long is it?"
      chatbot search --audience internal "refund limits for agents"
      chatbot search --explain --why returns/return-window "money back"
    """
    from chatbot.index import open_index
    from chatbot.settings import load_settings
    from retrieval.explain import explain
    from retrieval.search.filters import Filter

    settings = load_settings(home=home)
    where = Filter(audience, language, product, tags)
    index = open_index(settings)
    if explaining or why:
        told = explain(index, query, k, prefer, where=where, why=why, outsider=False)
        if as_json:
            click.echo(json.dumps(asdict(told), ensure_ascii=False, indent=2))
        else:
            _print_explanation(told)
        return
    hits = index.search(query, k, prefer, where=where)
    if as_json:
        click.echo(json.dumps([asdict(hit) for hit in hits], ensure_ascii=False, indent=2))
        return
    for n, hit in enumerate(hits, start=1):
        _print(n, hit)
    if not hits:
        click.echo("Nothing was found.")


def _print_explanation(told: Explanation) -> None:
    for n, reason in enumerate(told.hits, start=1):
        _print(n, reason.hit)
        words = ", ".join(f"{word} {gain:.2f}" for word, gain in reason.terms.items()) or "no word"
        rank = f"rank {reason.lexical_rank}" if reason.lexical_rank else "no rank"
        click.echo(f"   by words: {rank} ({words}); by meaning: rank {reason.dense_rank}")
        click.echo(f"   fused {reason.fused:.3f} x {reason.boost:.2f} for the preferred language")
        if reason.hit.reranked is not None:
            click.echo(f"   reranked: answers the question with {reason.hit.reranked:.3f}")
    if told.familiarity is not None:
        click.echo(f"Like the questions that the search was tuned on: {told.familiarity:.0%}.")
    click.echo(f"Searched by: {' '.join(told.words) or 'no word'}.")
    left_out = ", ".join(f"{n} by {name}" for name, n in told.left_out.items()) or "none"
    click.echo(f"{told.searched} passages searched, {told.candidates} candidates; left out: {left_out}.")
    if told.why:
        click.echo(told.why)


def _print(n: int, hit: Hit) -> None:
    scores = f"score {hit.score:.3f}  meaning {hit.dense:.3f}  words {hit.lexical:.2f}"
    internal = click.style(" [internal]", fg="yellow") if hit.passage.audience == "internal" else ""
    click.echo(f"{n}. " + click.style(hit.passage.context or hit.passage.id, bold=True) + internal)
    click.echo(f"   {scores}  coverage {hit.coverage:.0%}  " + click.style(hit.passage.id, dim=True))
    text = " ".join(hit.passage.text.split())
    click.echo(f"   {text[:240]}{'…' if len(text) > 240 else ''}")
