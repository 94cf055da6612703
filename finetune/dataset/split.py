"""Divide examples into train, validation and test so that no customer is in two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal, get_args

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
HELD_OUT = 0.12  # share of the conversations in validation, and as much in test
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def assign(latest: Mapping[str, datetime | None], sizes: Mapping[str, int], seed: int) -> dict[str, Split]:
    """The split of each customer. The latest customers are the test, those before them the validation set.

    So a model is judged on what came after it was trained, as in life. Those without a time come first, in an
    order that depends on the seed alone.
    """
    order = sorted(latest, key=lambda c: (latest[c] or _LONG_AGO, _shuffled(c, seed)))
    total = sum(sizes.get(c, 1) for c in order)
    given: dict[str, Split] = {}
    taken = 0
    for customer in reversed(order):
        taken += sizes.get(customer, 1)
        share = taken / max(1, total)
        given[customer] = "test" if share <= HELD_OUT else "validation" if share <= 2 * HELD_OUT else "train"
    latest_first: tuple[Split, ...] = ("test", "validation")
    if len(order) >= len(SPLITS):  # a few customers, or a very large one, would leave a split empty
        for split, customer in zip(latest_first, reversed(order), strict=False):
            if split not in given.values():
                given[customer] = split
    return given


def leaks(groups: Mapping[str, Iterable[str]]) -> set[str]:
    """Customers that are in more than one split; an empty name is nobody."""
    seen: dict[str, str] = {}
    found = set()
    for split, customers in groups.items():
        for customer in customers:
            if customer and seen.setdefault(customer, split) != split:
                found.add(customer)
    return found


def _shuffled(customer: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{customer}".encode()).hexdigest()
