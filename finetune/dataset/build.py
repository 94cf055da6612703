"""Make the data set that a model is tuned on: redacted, checked against passages, divided without leaks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from chatbot.privacy.redact import Memory, public_values
from chatbot.privacy.rules import RedactionRules
from finetune.dataset.duplicates import Seen
from finetune.dataset.example import Dropped, Example
from finetune.dataset.exchanges import Exchange, exchanges
from finetune.dataset.folder import DatasetReport, check_free, publish_dataset, report_of
from finetune.dataset.from_articles import article_exchanges
from finetune.dataset.ground import Grounder, Knowledge
from finetune.dataset.review import Review
from finetune.dataset.split import SPLITS, Split, assign, leaks
from finetune.errors import DatasetError
from finetune.logs.conversation import Conversation
from finetune.logs.redacted import pseudonym, redact_conversation

UNANSWERABLE = 0.22  # share of each split, as among real customers' questions
ARTICLE_SHARE = 0.35  # of the training split, from the help articles


@dataclass(frozen=True, slots=True)
class Grounded:
    """An exchange and the example that its passages make of it."""

    exchange: Exchange
    example: Example


def build_dataset(
    conversations: Iterable[Conversation],
    index: Knowledge,
    out: Path,
    seed: int = 0,
    *,
    articles: bool = True,
    rules: RedactionRules = RedactionRules(),
    feedback: Sequence[Exchange] = (),
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
    grounder = Grounder(index)
    told = _Told(conversations)
    made = taught(told, grounder, index, drops, redacted, rules, feedback, review)
    if not made:
        reasons = ", ".join(f"{reason} {n}" for reason, n in drops.most_common())
        raise DatasetError(
            f"None of {told.count} conversations gives an example ({reasons or 'there were none'}): check "
            "that the index holds the articles that the agents answered from, or give more logs."
        )
    splits = _divide(made, seed)
    if articles:
        splits["train"] += _from_articles(len(splits["train"]), index, rng)
    for split in SPLITS:
        splits[split] += _unanswerable(splits[split], grounder, rng)
    examples = {split: [one.example for one in made] for split, made in splits.items()}
    for split in SPLITS:
        rng.shuffle(examples[split])
    if shared := leaks({split: [e.group for e in examples[split]] for split in SPLITS}):
        raise DatasetError(f"Customers {sorted(shared)} are in two splits: report this as a fault.")
    report = report_of(told.count, examples, drops, redacted, out)
    publish_dataset(examples, report, {"seed": seed, "index": index.version, **(about or {})}, out)
    return report


def taught(
    conversations: Iterable[Conversation],
    grounder: Grounder,
    index: Knowledge,
    drops: Counter[str],
    redacted: Counter[str],
    rules: RedactionRules = RedactionRules(),
    feedback: Sequence[Exchange] = (),
    review: Review | None = None,
) -> list[Grounded]:
    """What the conversations teach, redacted and without repetitions: each exchange with its example.

    What a colleague said of late, in `feedback`, replaces what the logs say to the same question.
    """
    rules = rules.knowing(public_values([p.text for p in index.passages]))
    logged = redacted_exchanges(conversations, rules, drops, redacted)
    review = review or Review()
    settled = review.settled(chain(review.added(), feedback, logged), drops)
    made = []
    for exchange in _distinct(settled, drops):
        example = grounder.ground(exchange)
        review.look(exchange, example)
        if isinstance(example, Dropped):
            drops[example.reason] += 1
        else:
            made.append(Grounded(exchange, example))
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


def redacted_exchanges(
    conversations: Iterable[Conversation],
    rules: RedactionRules,
    drops: Counter[str],
    redacted: Counter[str],
) -> Iterator[Exchange]:
    """Exchanges of the conversations after redaction; customers are pseudonyms."""
    for conversation in conversations:
        memory = Memory(rules)
        clean = redact_conversation(conversation, memory)
        redacted.update(memory.counts)
        yield from exchanges(replace(clean, customer_id=pseudonym(clean.customer_id)), drops)


def _distinct(found: Iterable[Exchange], drops: Counter[str]) -> Iterator[Exchange]:
    """Without near repetitions, whoever they come from: one in train and in test would be a leak."""
    opening, following = Seen(), Seen()
    for exchange in found:
        # "And how long does it take?" follows many questions: only with the same answer is it the same.
        answer = " ".join(exchange.sentences)
        follows = following.twice(f"{exchange.question} {answer}") if exchange.history else False
        if follows or (not exchange.history and opening.twice(exchange.question)):
            drops["near duplicate"] += 1
        else:
            yield exchange


def _divide(made: list[Grounded], seed: int) -> dict[Split, list[Grounded]]:
    """By customer and time; what has no customer (rows of an FAQ) is for training only.

    So is feedback: it is the latest, and would be nothing but the test.
    """
    latest: dict[str, datetime | None] = {}
    sizes: Counter[str] = Counter()
    logged = any(one.exchange.source == "log" for one in made)
    for exchange in (one.exchange for one in made):
        customer = _customer(exchange)
        if exchange.source != "faq" and (exchange.source == "log" or not logged):
            times = [t for t in (latest.get(customer), exchange.at) if t]
            latest[customer] = max(times, default=None)
            sizes[customer] += 1
    given = assign(latest, sizes, seed)
    splits: dict[Split, list[Grounded]] = {split: [] for split in SPLITS}
    for one in made:
        splits[given.get(_customer(one.exchange), "train")].append(one)
    return splits


def _customer(exchange: Exchange) -> str:
    """Without a customer, each conversation is one of its own."""
    return exchange.customer_id or exchange.id.rsplit("-", 1)[0]


def _unanswerable(made: list[Grounded], grounder: Grounder, rng: random.Random) -> list[Grounded]:
    """As many questions again without their gold passage as the share of unanswerable ones needs."""
    answered = [one for one in made if one.example.gold]
    wanted = round(len(answered) * UNANSWERABLE / (1 - UNANSWERABLE)) - (len(made) - len(answered))
    asked = [one for one in answered if one.exchange.source == "log"]
    rng.shuffle(asked)
    extra: list[Grounded] = []
    for one in asked:
        if len(extra) >= wanted:
            break
        if twin := grounder.without_gold(one.exchange, one.example):
            extra.append(Grounded(one.exchange, twin))
    return extra


def _from_articles(train: int, index: Knowledge, rng: random.Random) -> list[Grounded]:
    limit = round(train * ARTICLE_SHARE / (1 - ARTICLE_SHARE))
    grounder = Grounder(index)
    made = ((one, grounder.ground(one)) for one in article_exchanges(index.passages, limit, rng))
    return [Grounded(one, example) for one, example in made if isinstance(example, Example)]
