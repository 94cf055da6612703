"""What the stored turns say about each model version."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from chatbot.store.sqlite import Store
from chatbot.store.usage import Usage, share, usage


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "chatbot.db")


def turn(store: Store, conversation: str, decision: str, model: str, status: str = "done") -> str:
    kept = {"query": "", "hits": [], "language": "en"}
    id = store.open_turn(conversation, "?", decision=decision, model=model, **kept)
    store.close_turn(id, answer="!", status=status, decision=decision)
    return id


def test_each_version_has_its_turns_and_what_followed_them(store: Store, tmp_path: Path) -> None:
    assert usage(tmp_path / "none.db") == {}
    first, second, test = (store.new_conversation(channel) for channel in ("page", "page", "evaluation"))
    liked = turn(store, first, "answer", "a@1")
    turn(store, first, "abstain", "a@1")
    turn(store, first, "handoff", "")
    turn(store, second, "template", "")  # before any answer: nobody's
    turn(store, second, "answer", "a@1", "failed")
    disliked = turn(store, second, "answer", "b@2")
    turn(store, second, "handoff", "")
    turn(store, test, "answer", "b@2")
    store.record_feedback(liked, 1)
    store.record_feedback(disliked, -1)
    assert usage(tmp_path / "chatbot.db") == {
        "a@1": Usage(3, 2, abstained=1, failed=1, handed_over=1, up=1, down=0),
        "b@2": Usage(1, 1, abstained=0, failed=0, handed_over=1, up=0, down=1),
    }


def test_a_share_has_an_interval_that_stays_between_0_and_1() -> None:
    mean, low, high = share(9, 10)
    assert (mean, round(low, 3), round(high, 3)) == (0.9, 0.596, 0.982)
    assert share(0, 5)[1] == 0.0
    assert share(5, 5)[2] == 1.0
    assert all(map(math.isnan, share(0, 0)))
