"""Columns are recognised by names in two languages, and by contents where the names say nothing."""

from __future__ import annotations

import pytest

from finetune.logs.columns import by_name, guess, role_of


def test_names_in_any_spelling() -> None:
    found = by_name(["Ticket ID", "Author-Role", "Message Text", "Created_At", "CSAT"])
    assert found == {
        "conversation": "Ticket ID",
        "role": "Author-Role",
        "message": "Message Text",
        "at": "Created_At",
        "rating": "CSAT",
    }


def test_contents_tell_role_and_message() -> None:
    rows = [
        {"k": "17", "w": "visitor", "t": "how long does it take"},
        {"k": "17", "w": "staff", "t": "it takes five business days"},
    ]
    found = guess(["k", "w", "t"], rows)
    assert (found["role"], found["message"]) == ("w", "t")


def test_codes_are_not_messages() -> None:
    assert "message" not in guess(["k", "w"], [{"k": "A-17", "w": "agent"}, {"k": "B-18", "w": "customer"}])


@pytest.mark.parametrize(
    ("word", "role"),
    [("End-User", "customer"), ("客服", "agent"), ("System", "other"), ("overlord", None)],
)
def test_role_words(word: str, role: str | None) -> None:
    assert role_of(word) == role
