"""`chatbot finetune`: the group of what can be tuned; log files alone mean the language model."""

from __future__ import annotations

from importlib import import_module

import click

SUBJECTS = ("model", "retriever", "reranker", "fusion")


class Subjects(click.Group):
    """Finds what is tuned in the file ui/cli/finetune/<name>.py, as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The model first, then the parts of the search."""
        return list(SUBJECTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one that is asked for."""
        if cmd_name not in SUBJECTS:
            return None
        return import_module(f"ui.cli.finetune.{cmd_name}").command  # type: ignore[no-any-return]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take `finetune LOGS` for `finetune model LOGS`."""
        if args and args[0] not in (*SUBJECTS, "-h", "--help"):
            args = [SUBJECTS[0], *args]
        return super().parse_args(ctx, args)


@click.group("finetune", cls=Subjects)
def command() -> None:
    """Tune on a company's own past questions.

    \b
    Examples:
      chatbot finetune logs/*.jsonl              the language model, on support logs
      chatbot finetune --from-feedback           the same, on what people thought of the answers, too
      chatbot finetune model --help              all of its options
      chatbot finetune retriever                 how questions find passages, on those learnt from logs
      chatbot finetune reranker labelled.jsonl   what reads question and passage together
      chatbot finetune fusion labelled.jsonl     what words and meaning count
    """
