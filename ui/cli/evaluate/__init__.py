"""`chatbot evaluate`: the group of measurements; a file alone means the answers."""

from __future__ import annotations

from importlib import import_module

import click

SUBJECTS = ("answers", "retrieval", "model", "redaction")


class Subjects(click.Group):
    """Finds a measurement in the file ui/cli/evaluate/<name>.py, as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The whole first, then its parts."""
        return list(SUBJECTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one that is asked for."""
        if cmd_name not in SUBJECTS:
            return None
        return import_module(f"ui.cli.evaluate.{cmd_name}").command  # type: ignore[no-any-return]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take `evaluate FILE` for `evaluate answers FILE`."""
        if args and args[0] not in (*SUBJECTS, "-h", "--help"):
            args = [SUBJECTS[0], *args]
        return super().parse_args(ctx, args)


@click.group("evaluate", cls=Subjects)
def command() -> None:
    """Measure on data whose right results are known.

    \b
    Examples:
      chatbot evaluate questions.jsonl              the answers, through the whole turn
      chatbot evaluate answers questions.jsonl      the same
      chatbot evaluate retrieval sets/faq            how well the search finds
      chatbot evaluate model my-shop                base, published and new model, one report
      chatbot evaluate redaction labelled.jsonl     how much personal data is found
    """
