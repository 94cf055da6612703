"""One measurement of the search from files to report: the index, the questions, every way, the last run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from chatbot.settings import Settings
from finetune.evaluation.earlier_runs import compare, record
from finetune.evaluation.measured_index import make_index, place_of, question_vectors, write_part
from finetune.evaluation.questions import Files, read_judged, sample
from finetune.evaluation.retrieval import (
    Known,
    embedding_milliseconds,
    evaluate,
    searched,
    summary,
    unknown_articles,
)
from retrieval.embed.embedder import Embedder
from retrieval.embed.load import load_embedder
from retrieval.index import Index

Progress = Callable[[str, int, int], None]


def measure_set(
    files: Files,
    settings: Settings,
    *,
    questions: int | None = None,
    articles: int | None = None,
    last_turn_only: bool = False,
    on_step: Progress = lambda what, done, total: None,
    embedder: Embedder | None = None,
) -> dict[str, Any]:
    """Measure the search on a set; without a corpus, on the installed index.

    At most `questions` of the questions are asked and `articles` of a corpus file searched, by a fixed
    choice. Raises QuestionsUnreadable, and what `ingest` and `Index.open` raise.
    """
    embedder = embedder or load_embedder(settings.embedder)
    judged, notes = read_judged(files)
    judged = sample(judged, questions or len(judged))
    if files.corpus is None:
        index_folder, place = settings.index, settings.home / "measured" / "installed"
    else:
        index_folder = place = place_of(settings.home, files.corpus, articles)
        part = write_part(files.corpus, place, judged, articles) if articles else None
        failed = make_index(files.corpus, place, embedder, on_step, part)
        notes += [f"{file}: {reason}" for file, reason in failed]
    asked = {
        text
        for one in judged
        for alone in (last_turn_only, True)
        for query, earlier in [searched(one, alone)]
        for text in (query, *(part.text for part in earlier))
    }
    index = Index.open(index_folder, _known(sorted(asked), place / "questions", embedder, on_step))
    scores, milliseconds = evaluate(
        index,
        judged,
        last_turn_only=last_turn_only,
        on_step=lambda done, total: on_step("Asking", done, total),
    )
    milliseconds["embedding"] = embedding_milliseconds(embedder, sorted(asked))
    milliseconds["whole"] = round(sum(milliseconds.values()), 3)
    if missing := unknown_articles(index, judged):
        notes.append(
            f'{len(missing)} articles that answer a question are not in the index, such as "{missing[0]}"; '
            "they count as not found."
        )
    report = {
        "set": (files.corpus or files.queries).resolve().parent.name,
        "index": index.version,
        "embedder": embedder.version,
        "passages": len(index.passages),
        "questions": len(judged),
        "last_turn_only": last_turn_only,
        "measures": summary(judged, scores),
        "milliseconds": milliseconds,
    }
    fused = {one.id: row["ndcg@10"] for one, row in zip(judged, scores["fused"], strict=True)}
    change = compare(_runs(place, last_turn_only), fused)
    record(_runs(place, last_turn_only), report, fused)
    rows = [
        {
            "id": one.id,
            "query": query,
            "earlier": [part.text for part in earlier],
            "relevant": dict(one.relevant),
        }
        | {way: lines[i] for way, lines in scores.items()}
        for i, one in enumerate(judged)
        for query, earlier in [searched(one, last_turn_only)]
    ]
    return report | {"change": change, "notes": notes, "rows": rows}


def _known(texts: Sequence[str], folder: Path, embedder: Embedder, on_step: Progress) -> Known:
    """The embedder with the vectors of all questions at hand; those of before too, where it was tuned."""
    before = None
    if embedder.untuned is not embedder:
        before = _known(texts, folder, embedder.untuned, on_step)
    return Known(embedder, question_vectors(texts, folder, embedder, on_step), before)


def _runs(place: Path, last_turn_only: bool) -> Path:
    """Runs on last turns are compared with their like."""
    return place / ("runs-last-turn" if last_turn_only else "runs")
