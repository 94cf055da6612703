"""Make the data set that a model is tuned on: redacted, checked against passages, divided without leaks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from chatbot.privacy.numbers import ORDER_NUMBER
from chatbot.privacy.redact import Memory, public_values
from finetune.dataset.candidates import Candidate, candidates
from finetune.dataset.duplicates import Seen
from finetune.dataset.example import Example
from finetune.dataset.folder import DatasetReport, check_free, publish_dataset, report_of
from finetune.dataset.from_articles import article_candidates
from finetune.dataset.ground import Attacher, Knowledge
from finetune.dataset.review import Review
from finetune.dataset.split import PARTS, assign, leaks
from finetune.errors import DatasetError
from finetune.logs.conversation import Conversation
from finetune.logs.redacted import pseudonym, redact_conversation

UNANSWERABLE = 0.22  # share of each part, as among real customers' questions
ARTICLE_SHARE = 0.35  # of the training part, from the help articles

Pair = tuple[Candidate, Example]


def build_dataset(
    conversations: Iterable[Conversation],
    index: Knowledge,
    out: Path,
    seed: int = 0,
    *,
    articles: bool = True,
    order_number: str = ORDER_NUMBER,
    feedback: Sequence[Candidate] = (),
    review: Review | None = None,
    about: Mapping[str, Any] | None = None,
) -> DatasetReport:
    """Write the data set folder `out` and report. The same input and seed give the same files.

    `feedback`, redacted already, is for training only, as long as there are conversations to test on. What a
    person decided in `review` is followed, and what is doubtful is added to it. `about` goes into the card.
    Raises DatasetError when no example is left, or when `out` is a folder with something else in it.
    """
    check_free(out)
    drops: Counter[str] = Counter()
    redacted: Counter[str] = Counter()
    rng = random.Random(seed)
    attacher = Attacher(index, drops)
    told = _Told(conversations)
    made = taught(told, attacher, index, drops, redacted, order_number, feedback, review)
    if not made:
        reasons = ", ".join(f"{reason} {n}" for reason, n in drops.most_common())
        raise DatasetError(
            f"None of {told.count} conversations gives an example ({reasons or 'there were none'}): check "
            "that the index holds the articles that the agents answered from, or give more logs."
        )
    parts = _divide(made, seed)
    if articles:
        parts["train"] += _from_articles(len(parts["train"]), index, rng)
    for part in PARTS:
        parts[part] += _unanswerable(parts[part], attacher, rng)
    examples = {part: [example for _, example in pairs] for part, pairs in parts.items()}
    for part in PARTS:
        rng.shuffle(examples[part])
    if shared := leaks({part: [e.group for e in examples[part]] for part in PARTS}):
        raise DatasetError(f"Customers {sorted(shared)} are in two parts: report this as a fault.")
    report = report_of(told.count, examples, drops, redacted, out)
    publish_dataset(examples, report, {"seed": seed, "index": index.version, **(about or {})}, out)
    return report


def taught(
    conversations: Iterable[Conversation],
    attacher: Attacher,
    index: Knowledge,
    drops: Counter[str],
    redacted: Counter[str],
    order_number: str = ORDER_NUMBER,
    feedback: Sequence[Candidate] = (),
    review: Review | None = None,
) -> list[Pair]:
    """What the conversations teach, redacted and without repetitions: each candidate with its example.

    What a colleague said of late, in `feedback`, replaces what the logs say to the same question.
    """
    public = public_values([p.text for p in index.passages])
    logged = redacted_candidates(conversations, public, order_number, drops, redacted)
    review = review or Review()
    settled = review.settled(chain(review.added(), feedback, logged), drops)
    made = []
    for candidate in _distinct(settled, drops):
        before = drops.copy()
        example = attacher.attach(candidate)
        review.look(candidate, example, "".join(drops - before))
        if example:
            made.append((candidate, example))
    return made


class _Told:
    """Counts conversations as they pass."""

    def __init__(self, conversations: Iterable[Conversation]) -> None:
        self._conversations = conversations
        self.count = 0

    def __iter__(self) -> Iterator[Conversation]:
        for conversation in self._conversations:
            self.count += 1
            yield conversation


def redacted_candidates(
    conversations: Iterable[Conversation],
    public: set[str],
    order_number: str,
    drops: Counter[str],
    redacted: Counter[str],
) -> Iterator[Candidate]:
    """Candidates of the conversations after redaction; customers are pseudonyms."""
    for conversation in conversations:
        memory = Memory(order_number, public)
        clean = redact_conversation(conversation, memory)
        redacted.update(memory.counts)
        yield from candidates(replace(clean, customer_id=pseudonym(clean.customer_id)), drops)


def _distinct(found: Iterable[Candidate], drops: Counter[str]) -> Iterator[Candidate]:
    """Without near repetitions, whoever they come from: one in train and in test would be a leak."""
    opening, following = Seen(), Seen()
    for candidate in found:
        # "And how long does it take?" follows many questions: only with the same answer is it the same.
        answer = " ".join(candidate.sentences)
        follows = following.twice(f"{candidate.question} {answer}") if candidate.history else False
        if follows or (not candidate.history and opening.twice(candidate.question)):
            drops["near duplicate"] += 1
        else:
            yield candidate


def _divide(made: list[Pair], seed: int) -> dict[str, list[Pair]]:
    """By customer and time; what has no customer (rows of an FAQ) is for training only.

    So is feedback: it is the latest, and would be nothing but the test.
    """
    latest: dict[str, datetime | None] = {}
    sizes: Counter[str] = Counter()
    logged = any(candidate.source == "log" for candidate, _ in made)
    for candidate, _ in made:
        customer = _customer(candidate)
        if candidate.source != "faq" and (candidate.source == "log" or not logged):
            times = [t for t in (latest.get(customer), candidate.at) if t]
            latest[customer] = max(times, default=None)
            sizes[customer] += 1
    given = assign(latest, sizes, seed)
    parts: dict[str, list[Pair]] = {part: [] for part in PARTS}
    for candidate, example in made:
        parts[given.get(_customer(candidate), "train")].append((candidate, example))
    return parts


def _customer(candidate: Candidate) -> str:
    """Without a customer, each conversation is one of its own."""
    return candidate.customer_id or candidate.id.rsplit("-", 1)[0]


def _unanswerable(made: list[Pair], attacher: Attacher, rng: random.Random) -> list[Pair]:
    """As many questions again without their gold passage as the share of unanswerable ones needs."""
    answered = [(c, e) for c, e in made if e.gold]
    wanted = round(len(answered) * UNANSWERABLE / (1 - UNANSWERABLE)) - (len(made) - len(answered))
    asked = [(c, e) for c, e in answered if c.source == "log"]
    rng.shuffle(asked)
    extra: list[Pair] = []
    for candidate, example in asked:
        if len(extra) >= wanted:
            break
        if twin := attacher.without_gold(candidate, example):
            extra.append((candidate, twin))
    return extra


def _from_articles(train: int, index: Knowledge, rng: random.Random) -> list[Pair]:
    limit = round(train * ARTICLE_SHARE / (1 - ARTICLE_SHARE))
    attacher = Attacher(index, Counter())
    return [(c, e) for c in article_candidates(index.passages, limit, rng) if (e := attacher.attach(c))]
