"""`chatbot finetune retriever`: tune how questions find passages."""

from __future__ import annotations

from pathlib import Path

import click

from ui.cli import options


@click.command("retriever")
@click.argument("pairs", nargs=-1, type=click.Path(exists=True, path_type=Path))
@options.home
@click.option(
    "--index",
    type=click.Path(exists=True, path_type=Path),
    help="The index to tune for; default that of --home.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the result; default in --home.")
@click.option(
    "--epochs",
    type=click.FloatRange(min=0, min_open=True),
    help="How often each question is seen; default 2.2.",
)
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop training after so long; default 5."
)
@click.option("--seed", type=int, default=0, show_default=True, help="For the same result again.")
@options.as_json
def command(
    pairs: tuple[Path, ...],
    home: Path | None,
    index: Path | None,
    out: Path | None,
    as_json: bool,
    **given: float | None,
) -> None:
    """Tune the embedder's questions on PAIRS of a question and the article that answers it.

    PAIRS are files of JSON Lines with "question" and "article" (a name as `chatbot search` prints it, or a
    list), or folders with queries.jsonl and qrels.tsv (BEIR). Without any, the questions that `chatbot ingest
    --logs` has learnt. A fifth is held out; the result is written only when it searches those better with
    confidence. Passages keep their vectors: the index stays valid. Exit code 1: not better, nothing written.

    \b
    Examples:
      chatbot finetune retriever
      chatbot finetune retriever labelled.jsonl --minutes 10 --out .chatbot/embedders/my-shop
      CHATBOT_EMBEDDER=.chatbot/embedders/my-shop chatbot serve
    """
    import json

    from chatbot.settings import load_settings
    from finetune.search import retriever
    from finetune.search.contrastive import Recipe

    recipe = Recipe(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    settings = load_settings(home=home)
    report = retriever.tune_retriever(
        list(pairs), settings=settings, index=index, out=out, recipe=recipe, say=_say
    )
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))


def _say(line: str) -> None:
    """Progress goes to standard error, so that --json stays one object."""
    click.echo(line, err=True)
