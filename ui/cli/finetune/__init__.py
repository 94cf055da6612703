"""`chatbot finetune`: the group of what can be tuned; log files alone mean the language model."""

from __future__ import annotations

import click

from ui.cli.group import Commands

SUBJECTS = ("model", "retriever", "reranker", "fusion")


@click.group("finetune", cls=Commands, names=SUBJECTS, folder=__name__, meant=SUBJECTS[0])
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
