"""`chatbot finetune fusion`: learn how much words and meaning count in the search."""

from __future__ import annotations

from pathlib import Path

import click

from ui.cli import options


@click.command("fusion")
@click.argument("pairs", nargs=-1, type=click.Path(exists=True, path_type=Path))
@options.home
@click.option(
    "--index",
    type=click.Path(exists=True, path_type=Path),
    help="The index to learn for; default that of --home.",
)
@click.option("--reset", is_flag=True, help="Forget what was learnt; the weights of the program count again.")
@options.as_json
def command(
    pairs: tuple[Path, ...], home: Path | None, index: Path | None, reset: bool, as_json: bool
) -> None:
    """Learn what words, n-grams and meaning count in a search, on PAIRS of a question and its article.

    PAIRS are as for `chatbot finetune retriever`; without any, the questions that `chatbot ingest --logs` has
    learnt. Each fifth is searched with what the others taught, and only when that is better with confidence
    is it written into the index. Exit code 1: not better, nothing written.

    \b
    Examples:
      chatbot finetune fusion
      chatbot finetune fusion labelled.jsonl --json
      chatbot finetune fusion --reset
    """
    import json

    from chatbot.settings import load_settings
    from finetune.search import fusion
    from retrieval.search.fusion_weights import forget_weights

    settings = load_settings(home=home)
    if reset:
        gone = forget_weights(index or settings.index)
        said = "The weights of the program count again." if gone else "No weights were learnt for this index."
        click.echo(json.dumps({"reset": gone}) if as_json else said)
        return
    report = fusion.learn_fusion(
        list(pairs), settings=settings, index=index, say=lambda line: click.echo(line, err=True)
    )
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
