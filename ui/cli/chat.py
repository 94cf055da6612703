"""`chatbot chat`: talk with the chatbot in the terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ui.cli import options

if TYPE_CHECKING:
    from chatbot.app import Chat
    from chatbot.turn.events import Citation

HELP = "/new begins a new conversation, /sources shows what the last answer cites, /quit leaves."


@click.command("chat")
@options.home
@options.model
@click.option("--language", type=click.Choice(["en", "zh"]), help="Language of the conversation.")
def command(home: Path | None, language: str | None, **model: str | None) -> None:
    """Talk with the chatbot in the terminal.

    Ctrl-C stops the answer that is being written; once more leaves.
    Commands: /new, /sources, /quit.

    \b
    Examples:
      chatbot chat
      chatbot chat --model .chatbot/models/my-shop
    """
    from chatbot.app import build_chat
    from chatbot.settings import load_settings

    chat = build_chat(load_settings(home=home, **model))
    # One runner for all replies: the engine's connections belong to one event loop.
    with asyncio.Runner() as runner:
        try:
            click.secho(HELP, dim=True)
            talk(chat, runner, language)
        finally:
            runner.run(chat.aclose())


def talk(chat: Chat, runner: asyncio.Runner, language: str | None) -> None:
    """Read and answer until /quit, the end of the input, or Ctrl-C while nothing is being written."""
    from ui.cli import terminal

    conversation = chat.new_conversation("terminal", language)
    cited: list[Citation] = []
    while (text := _read()) != "/quit":
        if text == "/new":
            conversation, cited = chat.new_conversation("terminal", language), []
        elif text == "/sources":
            terminal.sources(cited, quotes=True)
        elif text.startswith("/"):
            click.echo(HELP)
        elif text:
            cited = runner.run(_answer(chat, conversation, text))


async def _answer(chat: Chat, conversation: str, text: str) -> list[Citation]:
    """Show the reply and its sources; a message that cannot be taken is told, and the talk goes on."""
    from chatbot.errors import ChatbotError
    from ui.cli import terminal
    from ui.reply import Reply

    try:
        turn = await terminal.show(Reply(chat.reply(conversation, text)))
    except ChatbotError as error:
        click.echo(f"Error: {error}", err=True)
        return []
    cited = turn.citations if turn else []
    terminal.sources(cited)
    return cited


def _read() -> str:
    try:
        return input(click.style("you> ", bold=True)).strip()
    except (EOFError, KeyboardInterrupt):
        click.echo()
        return "/quit"
