"""Train a cross-encoder on groups of a question, its passage, and others that the search found as well."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finetune.search.low_rank import add_low_rank, autocast, falling, taken_out
from retrieval.search.rerank import pair_ids, verdicts

if TYPE_CHECKING:
    from retrieval.embed.e5_network import E5Network

BATCH = 8  # groups a step
PASSES = 16  # pairs that go through the network at once
HARD = 12  # the best wrong passages, of which each epoch takes others
COSINE, BIAS = 10.0, -9.0  # the head to begin with: E5's own cosine of an unrelated pair gives about 0
MIXED = 10.0  # of the search's score beside the verdict, to begin with; it is learnt
OnStep = Callable[[float, float], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how hard; `wrong` passages a group, and the share of groups that lose the right one."""

    minutes: float = 8.0
    epochs: float = 3.0
    learning_rate: float = 5e-4
    rank: int = 16
    wrong: int = 5
    unanswered: float = 0.15
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A question, what answers it (text and score of the search; None: nothing does), and what does not."""

    question: str
    right: tuple[str, float] | None
    wrong: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Crossed:
    """The changes of each layer, the head, the steps made, the mean loss of the first and the last ones."""

    deltas: dict[str, tuple[Any, Any]]
    head: dict[str, Any]
    steps: int
    seconds: float
    first: float
    last: float


def train(e5: E5Network, groups: Sequence[Group], recipe: Recipe, on_step: OnStep | None = None) -> Crossed:
    """Train until the epochs or the minutes are over. `on_step` gets the share done and the loss.

    Two losses: the right passage first (cross-entropy over the group, of verdict and search score together),
    and the verdict alone as a probability, which also learns from groups without a right passage.
    """
    import numpy as np
    import torch

    torch.manual_seed(recipe.seed)
    head = new_head()
    together = torch.nn.Parameter(torch.tensor(MIXED))
    changes = add_low_rank(e5.network, recipe.rank)
    optimizer = torch.optim.AdamW(
        [
            {"params": [*changes, head["head.states"]], "lr": recipe.learning_rate},
            {"params": [head["head.cosine"], head["head.bias"], together], "lr": 0.02},
        ],
        weight_decay=0.01,
    )
    rates = [group["lr"] for group in optimizer.param_groups]
    total = max(1, int(recipe.epochs * len(groups) / BATCH))
    started, losses = time.monotonic(), []
    for step, batch in enumerate(_batches(groups, recipe)):
        done = max(step / total, (time.monotonic() - started) / (60 * recipe.minutes))
        if done >= 1:
            break
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * falling(lambda: done, step)  # noqa: B023
        loss = _loss(_read(e5, head, batch), batch, together)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*changes, *head.values()], 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if on_step:
            on_step(done, float(np.mean(losses[-20:])))
    return Crossed(
        taken_out(e5.network),
        {name: tensor.detach() for name, tensor in head.items()},
        len(losses),
        time.monotonic() - started,
        float(np.mean(losses[:20])),
        float(np.mean(losses[-20:])),
    )


def new_head() -> dict[str, Any]:
    """The head before training: E5's cosine alone."""
    import torch

    values = {
        "head.cosine": torch.tensor(COSINE),
        "head.states": torch.zeros(3 * 384),
        "head.bias": torch.tensor(BIAS),
    }
    return {name: torch.nn.Parameter(value) for name, value in values.items()}


def _batches(groups: Sequence[Group], recipe: Recipe) -> Iterator[list[Group]]:
    """Without end: every group once, in a new order and with other wrong passages each time."""
    rng = random.Random(recipe.seed)
    while True:
        order = list(groups)
        rng.shuffle(order)
        for start in range(0, len(order), BATCH):
            yield [_drawn(group, recipe, rng) for group in order[start : start + BATCH]]


def _drawn(group: Group, recipe: Recipe, rng: random.Random) -> Group:
    hard = group.wrong[:HARD]
    right = group.right if rng.random() >= recipe.unanswered else None
    return Group(group.question, right, tuple(rng.sample(hard, min(recipe.wrong, len(hard)))))


def _texts(group: Group) -> list[tuple[str, float]]:
    return [*([group.right] if group.right else []), *group.wrong]


def _read(e5: E5Network, head: dict[str, Any], batch: Sequence[Group]) -> Any:
    """A verdict on every passage of every group, in order."""
    import torch

    pairs = [p for group in batch for p in pair_ids(e5, group.question, [text for text, _ in _texts(group)])]
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]))  # like lengths waste little
    found = torch.zeros(len(pairs))
    with autocast(e5.network):
        for start in range(0, len(order), PASSES):
            rows = order[start : start + PASSES]
            found = found.index_put(
                (torch.tensor(rows),), verdicts(e5, head, [pairs[i] for i in rows]).float()
            )
    return found


def _loss(found: Any, batch: Sequence[Group], together: Any) -> Any:
    import torch

    losses, at = [], 0
    for group in batch:
        texts = _texts(group)
        verdict = found[at : at + len(texts)]
        at += len(texts)
        right = torch.tensor([float(i == 0 and group.right is not None) for i in range(len(texts))])
        if group.right is not None:
            search = torch.tensor([score for _, score in texts])
            losses.append(
                torch.nn.functional.cross_entropy((verdict + together * search)[None], torch.tensor([0]))
            )
        weight = torch.where(right > 0, float(max(1, len(texts) - 1)), 1.0)
        each = torch.nn.functional.binary_cross_entropy_with_logits(verdict, right, reduction="none")
        losses.append(0.3 * (each * weight).sum() / weight.sum())
    return torch.stack(losses).sum() / len(batch)
