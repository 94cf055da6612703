"""The command `chatbot`: one file for each subcommand, loaded only when it is asked for."""

from ui.cli.group import main

__all__ = ["main"]
