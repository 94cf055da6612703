"""The group of commands: loads the one that is asked for, and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import Any

import click

from chatbot.engines.cores import share_cores
from ui.cli.failure import code_of, known_errors

COMMANDS = (
    "chat", "ask", "ingest", "index", "search", "serve", "logs", "feedback", "finetune", "evaluate", "models",
    "config",
)  # fmt: skip


class Commands(click.Group):
    """Finds a command in the file ui/cli/<name>.py, as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of a visitor's first day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command only, so that `chatbot --help` does not wait for models."""
        if cmd_name not in COMMANDS:
            return None
        return import_module(f"ui.cli.{cmd_name}").command  # type: ignore[no-any-return]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of our own packages ends it with its sentence and exit code."""
        try:
            return super().invoke(ctx)
        except known_errors() as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(code_of(error))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="support-chatbot", prog_name="chatbot", message="%(prog)s %(version)s")
def main() -> None:
    """A support chatbot that answers from your own help articles.

    \b
    First steps:
      chatbot ingest help-articles/      read the articles into an index
      chatbot ask "Where is my parcel?"  ask one question
      chatbot serve                      open the chat page and the REST face

    Exit codes: 0 all went well; 1 the work failed or is incomplete; 2 input or settings cannot be used.
    """
    share_cores()
    # The libraries' own progress bars and advice would mix with what the commands print.
    os.environ.setdefault("TQDM_DISABLE", "1")
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
