"""Train a reranker on questions whose articles are known, learn its weight, and keep it where it helps."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.settings import Settings
from finetune.errors import FinetuneError, NotBetter
from finetune.packages import need
from finetune.progress import Progress, Say, minutes
from finetune.search.cross_encoder import Group, Recipe, train
from finetune.search.labelled import Labelled, read_labelled
from finetune.search.ranked import POOL, compare_rankings, objections, score, tell
from finetune.search.retriever import parts
from finetune.search.targets import Targets
from retrieval.embed.e5_network import E5Network
from retrieval.embed.load import load_embedder
from retrieval.embed.lora import write_deltas
from retrieval.embed.remembered import Remembered
from retrieval.index import Index
from retrieval.languages.text import terms
from retrieval.search.hits import Hit
from retrieval.search.rerank import BEST, KIND, CrossE5, mixed
from retrieval.store.content import embedded_text
from retrieval.store.model_folder import WEIGHTS_FILE, write_folder

if TYPE_CHECKING:
    import numpy as np

FOLDER = "rerankers"  # of an installation's home
WEIGHTS_TRIED = (0.05, 0.1, 0.2, 0.4)
MOST_HELD_OUT = 300  # questions; each is read with ten passages


@dataclass(frozen=True, slots=True)
class Searched:
    """A question with its hits, best first."""

    one: Labelled
    hits: list[Hit]


def train_reranker(
    paths: Sequence[Path],
    *,
    settings: Settings,
    index: Path | None = None,
    out: Path | None = None,
    recipe: Recipe | None = None,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Train on the labelled questions of `paths`, or on those the index has learnt; returns the report.

    Half of the questions held out choose the weight, the other half decide. Raises PairsUnreadable,
    TooFewPairs, NotBetter (nothing is written then), FinetuneError or RetrievalError.
    """
    need("peft")
    recipe = recipe or Recipe()
    folder = out or settings.home / FOLDER / f"reranker-{datetime.now():%Y%m%d-%H%M%S}"
    if folder.exists():
        raise FinetuneError(f"{folder} already exists; name another folder with --out.")
    place = index or settings.index
    embedder = Remembered(load_embedder(settings.embedder))
    opened = Index.open(place, embedder)
    known = Targets(place, embedder.untuned).articles
    to_train, held = parts(read_labelled(paths, place), known, say)
    groups = [
        group
        for searched in _search(opened, to_train, Progress(say, "Searching for wrong passages"))
        if (group := _group(searched, opened))
    ]
    say(f"Training on {len(groups)} questions, each with wrong passages that the search found")
    e5, progress = E5Network(), Progress(say, "Training")
    crossed = train(e5, groups, recipe, lambda share, loss: progress(share, f", loss {loss:.3f}"))
    say(
        f"{crossed.steps} steps in {minutes(crossed.seconds)}, loss {crossed.first:.3f} -> {crossed.last:.3f}"
    )
    about: dict[str, Any] = {
        "kind": KIND,
        "weight": WEIGHTS_TRIED[0],
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "recipe": asdict(recipe),
        "questions": {"train": len(groups), "held_out": len(held)},
        "training": {
            "steps": crossed.steps,
            "seconds": round(crossed.seconds, 1),
            "loss": [crossed.first, crossed.last],
        },
    }
    candidate = folder.with_name(f".{folder.name}-candidate")
    shutil.rmtree(candidate, ignore_errors=True)
    try:
        write_folder(
            candidate, about, lambda where: write_deltas(where / WEIGHTS_FILE, crossed.deltas, crossed.head)
        )
        found = list(_search(opened, held[:MOST_HELD_OUT], Progress(say, "Searching for held-out questions")))
        judged = _judge(CrossE5(candidate), found, Progress(say, "Judging what was found"))
        about["weight"], about["comparison"] = _decide(found, judged, say)
        weights = candidate / WEIGHTS_FILE
        report = write_folder(folder, about, lambda where: _copy(weights, where))
    finally:
        shutil.rmtree(candidate, ignore_errors=True)
    say(f"Use it: set CHATBOT_RERANKER={folder}")
    return report | {"folder": str(folder)}


def _search(index: Index, labelled: Sequence[Labelled], progress: Progress) -> list[Searched]:
    found = []
    for number, one in enumerate(labelled, 1):
        found.append(Searched(one, index.search(one.question, POOL)))
        progress(number / len(labelled))
    return found


def _group(searched: Searched, index: Index) -> Group | None:
    """The best passage of a right article, or, where none was found, the one that shares most words."""
    wrong = tuple(
        (embedded_text(hit.passage), hit.score)
        for hit in searched.hits
        if hit.passage.article not in searched.one.articles
    )
    right = [hit for hit in searched.hits if hit.passage.article in searched.one.articles]
    if not wrong:
        return None
    if right:
        return Group(searched.one.question, (embedded_text(right[0].passage), right[0].score), wrong)
    asked = set(terms(searched.one.question))
    texts = [embedded_text(p) for name in sorted(searched.one.articles) for p in index.article(name)]
    if not texts:
        return None
    best = max(texts, key=lambda text: len(asked & set(terms(text))))
    return Group(searched.one.question, (best, wrong[-1][1]), wrong)


def _judge(reranker: CrossE5, found: Sequence[Searched], progress: Progress) -> list[np.ndarray]:
    judged = []
    for number, searched in enumerate(found, 1):
        texts = [embedded_text(hit.passage) for hit in searched.hits[:BEST]]
        judged.append(reranker.judge(searched.one.question, texts))
        progress(number / len(found))
    return judged


def _decide(
    found: Sequence[Searched], judged: Sequence[np.ndarray], say: Say
) -> tuple[float, dict[str, Any]]:
    """The best weight on every other question, and the comparison on the rest. Raises NotBetter."""
    import numpy as np

    def names(place: int, weight: float) -> list[str]:
        hits = found[place].hits
        best = np.array([hit.score for hit in hits])
        best[:BEST] = mixed(best[:BEST], judged[place], weight)
        order = np.argsort(-best, kind="stable")
        return list(dict.fromkeys(hits[i].passage.article for i in order))

    def ndcg(weight: float) -> float:
        return float(np.mean([score(names(i, weight), found[i].one).ndcg for i in range(0, len(found), 2)]))

    weight = max(WEIGHTS_TRIED, key=ndcg)
    rest = range(1, len(found), 2)
    before, after = ([score(names(i, w), found[i].one) for i in rest] for w in (0.0, weight))
    table = compare_rankings(before, after)
    for line in tell(table):
        say(line)
    if reasons := objections(table):
        raise NotBetter(f"Not written: {'; '.join(reasons)}. More pairs, or more --minutes, may help.")
    return weight, table


def _copy(weights: Path, where: Path) -> None:
    shutil.copyfile(weights, where / WEIGHTS_FILE)
