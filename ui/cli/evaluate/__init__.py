"""`chatbot evaluate`: the group of measurements; a file alone means the answers."""

from __future__ import annotations

import click

from ui.cli.group import Commands

SUBJECTS = ("answers", "retrieval", "model", "redaction")


@click.group("evaluate", cls=Commands, names=SUBJECTS, folder=__name__, meant=SUBJECTS[0])
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
