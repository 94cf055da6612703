"""The group of commands: loads the one that is asked for, and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import Any

import click

from chatbot.engines.cores import share_cores
from ui.cli.failure import failure_of

COMMANDS = (
    "chat", "ask", "ingest", "index", "search", "serve", "logs", "feedback", "finetune", "evaluate", "models",
    "config",
)  # fmt: skip


class Commands(click.Group):
    """A group whose commands lie in the files of one folder: <name>.py has the one of that name as `command`.

    `names` are the commands in the order in which --help lists them. Words that begin with none of them are
    for the command `meant`, where there is one. Only the command that is asked for is imported, so that
    `chatbot --help` does not wait for models.
    """

    def __init__(self, *args: Any, names: tuple[str, ...], folder: str, meant: str = "", **more: Any) -> None:
        super().__init__(*args, **more)
        self.names, self.folder, self.meant = names, folder, meant

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them, without importing one."""
        return list(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one that is asked for."""
        if cmd_name not in self.names:
            return None
        return import_module(f"{self.folder}.{cmd_name}").command  # type: ignore[no-any-return]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take `evaluate FILE` for `evaluate answers FILE`."""
        if self.meant and args and args[0] not in (*self.names, "-h", "--help"):
            args = [self.meant, *args]
        return super().parse_args(ctx, args)


class Program(Commands):
    """The whole program: an error of our own packages ends it with its sentence and exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            click.echo(f"Error: {failure.sentence}", err=True)
            ctx.exit(failure.code)


@click.group(
    cls=Program, names=COMMANDS, folder="ui.cli", context_settings={"help_option_names": ["-h", "--help"]}
)
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
