"""Learn what each sign of a match counts on a company's own questions; keep it where it is really better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.settings import Settings
from finetune.errors import NotBetter
from finetune.progress import Progress, Say
from finetune.search.labelled import Labelled, read_labelled
from finetune.search.ranked import POOL, RankingScore, compare_rankings, objections, rank, tell
from finetune.search.retriever import parts
from retrieval.embed.load import load_embedder
from retrieval.embed.remembered import Remembered
from retrieval.index import Index
from retrieval.search.fusion import FUSION_WEIGHTS, SIGNS
from retrieval.search.fusion_weights import write_weights

# How strongly the weights are held to those that come with the program. From .3 to 10 nDCG@10 of the half of
# a set that taught nothing rose alike: +3 to +4 points on emanual_tv, +1 on stackfaq, +.6 on egret_wenda_zh.
PRIOR = 10.0
FOLDS = 5
STEPS, RATE = 400, 0.02


@dataclass(frozen=True, slots=True)
class Sample:
    """The candidates of one question: their SIGNS, shape (candidates, 5), and which of them answer it."""

    signs: np.ndarray
    right: np.ndarray


def learn_fusion(
    paths: Sequence[Path], *, settings: Settings, index: Path | None = None, say: Say = lambda line: None
) -> dict[str, Any]:
    """Learn on the labelled questions of `paths`, or on those the index has learnt; returns the report.

    Each fifth of the questions is searched with what the other four taught; when that is better with
    confidence, what all of them teach is written into the folder of the index, where every search finds it.
    Raises PairsUnreadable, TooFewPairs, NotBetter (nothing is written then) or RetrievalError.
    """
    place = index or settings.index
    embedder = Remembered(load_embedder(settings.embedder))
    search = Index.open(place, embedder)
    known = {passage.article for passage in search.passages}
    train, held = parts(read_labelled(paths, place), known, say)
    labelled = train + held
    if embedder.untuned is not embedder:  # its likeness of questions that it has learnt is too good
        say(f"Learning on {len(held)} of {len(labelled)} questions: those that tuning the retriever held out")
        labelled = held
    search.weights = dict(FUSION_WEIGHTS)
    before = rank(search, labelled, Progress(say, f"Searching for {len(labelled)} questions"))
    samples = [_sample(search, one) for one in labelled]
    after: dict[int, RankingScore] = {}
    progress = Progress(say, f"Learning {FOLDS + 1} times")
    for fold in range(FOLDS):
        search.weights = learnt([one for i, one in enumerate(samples) if one and i % FOLDS != fold])
        rows = range(fold, len(labelled), FOLDS)
        after |= zip(rows, rank(search, [labelled[i] for i in rows]), strict=True)
        progress((fold + 1) / (FOLDS + 1))
    table = compare_rankings(before, [after[i] for i in range(len(labelled))])
    for line in tell(table):
        say(line)
    if reasons := objections(table):
        raise NotBetter(f"Not written: {'; '.join(reasons)}. More questions may help.")
    report = {
        "weights": {
            name: round(weight, 4) for name, weight in learnt([one for one in samples if one]).items()
        },
        "questions": len(labelled),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "comparison": table,
    }
    file = write_weights(place, report)
    say(
        f"Every search of this index weighs so from now on; `chatbot finetune fusion --reset` removes {file}."
    )
    return report


def learnt(samples: Sequence[Sample]) -> dict[str, float]:
    """The weights under which the right articles come first, by the softmax loss over the candidates.

    Signs of likeness never count against a passage. The scores keep their mean and deviation, since other
    steps add to them.
    """
    import torch

    start = torch.tensor([FUSION_WEIGHTS[sign] for sign in SIGNS], dtype=torch.float64)
    every = torch.from_numpy(np.concatenate([sample.signs for sample in samples]))
    shape = len(samples), max(len(sample.right) for sample in samples)
    signs, there, right = torch.zeros(*shape, len(SIGNS), dtype=every.dtype), *torch.zeros(2, *shape).bool()
    for row, sample in enumerate(samples):
        signs[row, : len(sample.right)] = torch.from_numpy(sample.signs)
        there[row, : len(sample.right)] = True
        right[row, : len(sample.right)] = torch.from_numpy(sample.right)
    unit = every.std(0).clamp_min(1e-9)
    first = start * unit
    weights = first.clone().requires_grad_()
    sharpness = torch.tensor(25.0, dtype=torch.float64).log().requires_grad_()
    groups: list[dict[str, Any]] = [
        {"params": [weights], "lr": RATE * float(first.norm())},
        {"params": [sharpness], "lr": RATE},
    ]
    optimizer = torch.optim.Adam(groups)
    for _ in range(STEPS):
        moved = ((weights - first) / first.norm()).square().sum()
        scores = sharpness.exp() * (signs / unit @ weights)
        any_of, right_of = (scores.masked_fill(~some, -torch.inf).logsumexp(1) for some in (there, right))
        loss = (any_of - right_of).mean() + PRIOR * moved / len(samples)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            weights.clamp_(min=0)
    final = weights.detach() / unit
    old, new = every @ start, every @ final
    final = final * float(old.std() / new.std().clamp_min(1e-9))
    bias = FUSION_WEIGHTS["bias"] + float(old.mean() - (every @ final).mean())
    return dict(zip(SIGNS, final.tolist(), strict=True)) | {"bias": bias}


def _sample(index: Index, one: Labelled) -> Sample | None:
    """The candidates in the question's own language; None unless one of them is right and another wrong."""
    ranking = index.rank(one.question, POOL)
    if ranking is None:
        return None
    home = ~ranking.foreign
    passages = [ranking.snapshot.passages[row] for row in ranking.rows[home]]
    right = np.array([passage.article in one.articles for passage in passages], dtype=bool)
    return Sample(ranking.signs[home], right) if right.any() and not right.all() else None
