"""A reply in the terminal: the text as it comes, then its sources."""

from __future__ import annotations

import asyncio
import textwrap

import click

from chatbot.turn.events import Citation, Done, Failed, Text, Turn
from ui.reply import Reply


async def show(reply: Reply) -> Turn | None:
    """Print the text of a reply as it comes; returns its turn, or None when it was stopped or has failed.

    Being cancelled (Ctrl-C) stops the reply and waits until its turn is written.
    """
    turn = None
    try:
        async for event in reply:
            if isinstance(event, Text):
                click.echo(event.piece, nl=False)
            elif isinstance(event, Done):
                turn = event.turn
            elif isinstance(event, Failed):
                click.echo()
                click.echo(f"Error: {event.message}", err=True)
                return None
    except asyncio.CancelledError:
        reply.stop()
        await reply.ended()
        click.secho(" (stopped)", dim=True, nl=False)
    click.echo()
    return turn


def sources(citations: list[Citation], quotes: bool = False) -> None:
    """List the sources of an answer; with `quotes`, what they say."""
    for citation in citations:
        place = " > ".join(part for part in (citation.title, citation.heading) if part)
        link = f"  {citation.url}" if citation.url else ""
        click.echo(f"  [{citation.n}] {place}" + click.style(link, dim=True))
        if quotes:
            click.echo(textwrap.indent(citation.quote.strip(), "      "))
