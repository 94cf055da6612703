"""`chatbot ask`: one question, one answer."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ui.cli import options

if TYPE_CHECKING:
    from chatbot.app import Chat
    from chatbot.turn.events import Turn
    from ui.reply import Reply


@click.command("ask")
@click.argument("question")
@options.home
@options.model
@options.as_json
def command(question: str, home: Path | None, as_json: bool, **model: str | None) -> None:
    """Ask one QUESTION ("-" reads it from standard input) and print the answer with its sources.

    \b
    Examples:
      chatbot ask "How long can I return a lamp?"
      chatbot ask --json "运费是多少？" | jq .citations
      echo "Where is my parcel?" | chatbot ask -
    """
    from chatbot.app import build_chat
    from chatbot.settings import load_settings

    text = sys.stdin.read() if question == "-" else question
    chat = build_chat(load_settings(home=home, **model))
    turn = asyncio.run(ask(chat, text, as_json))
    if turn is None:
        raise SystemExit(1)


async def ask(chat: Chat, text: str, as_json: bool) -> Turn | None:
    """Print the answer; returns the turn, or None when the reply failed or was stopped."""
    from ui.cli import terminal
    from ui.reply import Reply

    try:
        conversation = await asyncio.to_thread(chat.new_conversation, "terminal")
        reply = Reply(chat.reply(conversation, text))
        turn = await (_quietly(reply) if as_json else terminal.show(reply))
    finally:
        await chat.aclose()
    if turn and as_json:
        click.echo(json.dumps(asdict(turn), ensure_ascii=False, indent=2))
    elif turn:
        terminal.sources(turn.citations)
    return turn


async def _quietly(reply: Reply) -> Turn | None:
    from chatbot.turn.events import Done, Failed

    async for event in reply:
        if isinstance(event, Done):
            return event.turn
        if isinstance(event, Failed):
            click.echo(f"Error: {event.message}", err=True)
    return None
