"""Tune the embedder on questions whose articles are known, and keep the result where it is really better."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatbot.settings import Settings
from finetune.errors import FinetuneError, NotBetter, TooFewPairs
from finetune.packages import need
from finetune.progress import Progress, Say, minutes
from finetune.search.contrastive import Recipe, tune
from finetune.search.contrastive import Tuned as Changes
from finetune.search.labelled import Labelled, read_labelled, split
from finetune.search.ranked import RankingScore, compare_rankings, objections, rank, tell
from finetune.search.targets import Targets
from retrieval.embed.e5_network import E5Network
from retrieval.embed.load import load_embedder
from retrieval.embed.lora import write_deltas
from retrieval.embed.remembered import Remembered
from retrieval.embed.tuned import KIND, REGION_FILE, Tuned, e5_of
from retrieval.embed.tuned_region import TunedRegion
from retrieval.index import Index
from retrieval.store.model_folder import WEIGHTS_FILE, write_folder

FEWEST_TO_TRAIN, FEWEST_HELD_OUT = 20, 10
FOLDER = "embedders"  # of an installation's home


def tune_retriever(
    paths: Sequence[Path],
    *,
    settings: Settings,
    index: Path | None = None,
    out: Path | None = None,
    recipe: Recipe | None = None,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Tune on the labelled questions of `paths`, or on those the index has learnt; returns the report.

    The report is also in the manifest of the folder that is written. Raises PairsUnreadable, TooFewPairs,
    NotBetter (nothing is written then), FinetuneError or RetrievalError.
    """
    need("peft")
    recipe = recipe or Recipe()
    folder = out or settings.home / FOLDER / f"questions-{datetime.now():%Y%m%d-%H%M%S}"
    if folder.exists():
        raise FinetuneError(f"{folder} already exists; name another folder with --out.")
    place = index or settings.index
    embedder = Remembered(load_embedder(settings.embedder).untuned)
    before = Index.open(place, embedder)
    targets = Targets(place, embedder)
    train, held = parts(read_labelled(paths, place), targets.articles, say)
    say(f"Tuning on {len(train)} questions and {len(targets.languages)} passages")
    e5 = E5Network()
    vectors = embedder.encode_questions([one.question for one in train])
    progress = Progress(say, "Training")
    tuned = tune(
        e5,
        [targets.of(one, vector) for one, vector in zip(train, vectors, strict=True)],
        targets.scores,
        targets.languages.tolist(),
        recipe,
        lambda share, loss: progress(share, f", loss {loss:.3f}"),
    )
    say(f"{tuned.steps} steps in {minutes(tuned.seconds)}, loss {tuned.first:.3f} -> {tuned.last:.3f}")
    held_vectors = embedder.encode_questions([one.question for one in held])
    region = TunedRegion.of(e5_of(vectors), e5_of(held_vectors))
    about = _about(embedder.name, recipe, tuned, (len(train), len(held)))

    def fill(where: Path) -> None:
        write_deltas(where / WEIGHTS_FILE, tuned.deltas, {})
        region.save(where / REGION_FILE)

    candidate = folder.with_name(f".{folder.name}-candidate")
    shutil.rmtree(candidate, ignore_errors=True)
    try:
        write_folder(candidate, about, fill)
        about["comparison"] = _check(before, Index.open(place, Tuned(candidate)), held, say)
        report = write_folder(folder, about, fill)
    finally:
        shutil.rmtree(candidate, ignore_errors=True)
    say(f"Use it: set CHATBOT_EMBEDDER={folder} (the index stays as it is, nothing is embedded again).")
    return report | {"folder": str(folder)}


def parts(labelled: Sequence[Labelled], known: set[str], say: Say) -> tuple[list[Labelled], list[Labelled]]:
    """The questions with an article in the index, to train on and held out. Raises TooFewPairs."""
    answered = [one for one in labelled if one.articles]
    usable = [Labelled(one.question, one.articles & known) for one in answered if one.articles & known]
    if lost := len(answered) - len(usable):
        say(f"{lost} of {len(answered)} questions are left out: their article is not in the index")
    train, held = split(usable)
    if len(train) < FEWEST_TO_TRAIN or len(held) < FEWEST_HELD_OUT:
        raise TooFewPairs(
            f"{len(usable)} questions have an article in the index: {len(train)} to train on and {len(held)} "
            f"to check by, where {FEWEST_TO_TRAIN} and {FEWEST_HELD_OUT} are the fewest. Give more pairs, or "
            "the names of articles as `chatbot search` prints them."
        )
    return train, held


def _about(embedder: str, recipe: Recipe, tuned: Changes, questions: tuple[int, int]) -> dict[str, Any]:
    """What the manifest says of how it was made."""
    return {
        "kind": KIND,
        "embedder": embedder,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "recipe": asdict(recipe),
        "questions": dict(zip(("train", "held_out"), questions, strict=True)),
        "training": {
            "steps": tuned.steps,
            "seconds": round(tuned.seconds, 1),
            "loss": [tuned.first, tuned.last],
        },
    }


def _check(before: Index, after: Index, held: Sequence[Labelled], say: Say) -> dict[str, Any]:
    """The comparison on held-out questions. Raises NotBetter."""
    found: list[list[RankingScore]] = []
    for index, name in ((before, "the search as it is"), (after, "the tuned search")):
        found.append(rank(index, held, Progress(say, f"Checking {name} on {len(held)} held-out questions")))
    table = compare_rankings(*found)
    for line in tell(table):
        say(line)
    if reasons := objections(table):
        raise NotBetter(
            f"Not written: {'; '.join(reasons)}. More pairs may help, or more --epochs and --minutes, "
            "or fewer where it got worse."
        )
    return table
