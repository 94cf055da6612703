"""No customer is in two splits, and what came last is what a model is tested on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from finetune.dataset.split import SPLITS, assign, leaks
from finetune.logs.redacted import pseudonym

START = datetime(2025, 1, 1, tzinfo=UTC)


def test_the_latest_customers_are_the_test() -> None:
    latest = {f"c{i}": START + timedelta(days=i) for i in range(100)}
    given_parts = assign(latest, dict.fromkeys(latest, 1), seed=0)
    order = [given_parts[f"c{i}"] for i in range(100)]
    assert order == ["train"] * 76 + ["validation"] * 12 + ["test"] * 12


def test_without_times_the_seed_decides() -> None:
    latest = dict.fromkeys(map(str, range(200)))
    one, again, other = (assign(latest, {}, seed) for seed in (1, 1, 2))
    assert one == again != other
    assert set(one.values()) == set(SPLITS)


@given(st.dictionaries(st.text(max_size=4), st.integers(1, 50), min_size=1, max_size=40), st.integers(0, 3))
def test_every_customer_has_one_part(sizes: dict[str, int], seed: int) -> None:
    assert assign(dict.fromkeys(sizes), sizes, seed).keys() == sizes.keys()


@given(st.lists(st.integers(1, 50), min_size=3, max_size=12), st.integers(0, 3))
def test_three_customers_are_enough_for_every_part(sizes: list[int], seed: int) -> None:
    """However large one of them is: without a test split a model cannot be judged."""
    customers = {f"c{n}": size for n, size in enumerate(sizes)}
    assert set(assign(dict.fromkeys(customers), customers, seed).values()) == set(SPLITS)


def test_leaks_are_seen() -> None:
    assert leaks({"train": ["a", "b", ""], "test": ["b", ""]}) == {"b"}
    assert leaks({"train": ["a", "a"], "test": ["b"]}) == set()


def test_a_pseudonym_does_not_tell() -> None:
    assert pseudonym("cus_1") != pseudonym("cus_2")
    assert "cus" not in pseudonym("cus_1")
    assert pseudonym("") == ""
