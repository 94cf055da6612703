"""`chatbot finetune reranker`: train what reads question and passage together."""

from __future__ import annotations

from pathlib import Path

import click

from ui.cli import options


@click.command("reranker")
@click.argument("pairs", nargs=-1, type=click.Path(exists=True, path_type=Path))
@options.home
@click.option(
    "--index",
    type=click.Path(exists=True, path_type=Path),
    help="The index it shall serve; default that of --home.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the result; default in --home.")
@click.option(
    "--epochs",
    type=click.FloatRange(min=0, min_open=True),
    help="How often each question is seen; default 3.",
)
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop training after so long; default 8."
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
    """Train a reranker on PAIRS of a question and the article that answers it.

    It reads the best passages of a search together with the question, where their order is in doubt. PAIRS
    are as for `chatbot finetune retriever`; without any, the questions that `chatbot ingest --logs` has
    learnt. A fifth is held out; the result is written only when it ranks those better with confidence. Exit
    code 1: not better, nothing written.

    \b
    Examples:
      chatbot finetune reranker
      chatbot finetune reranker labelled.jsonl --minutes 20 --out .chatbot/rerankers/my-shop
      CHATBOT_RERANKER=.chatbot/rerankers/my-shop chatbot search --explain "money back"
    """
    import json

    from chatbot.settings import load_settings
    from finetune.search import reranker
    from finetune.search.cross_encoder import Recipe

    recipe = Recipe(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    settings = load_settings(home=home)
    report = reranker.train_reranker(
        list(pairs), settings=settings, index=index, out=out, recipe=recipe, say=_say
    )
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))


def _say(line: str) -> None:
    """Progress goes to standard error, so that --json stays one object."""
    click.echo(line, err=True)
