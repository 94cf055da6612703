"""Preferences as JSON Lines: what is read, what is refused and with which words, and how it is divided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.dataset.preferences import (
    PreferencePair,
    RatedAnswer,
    as_pairs,
    as_rated,
    divide,
    key,
    read_preferences,
    write_preferences,
)
from finetune.errors import PreferencesUnreadable

ASKED = [{"role": "system", "content": "[1] Refunds"}, {"role": "user", "content": "When?"}]
PAIR: dict[str, Any] = {"prompt": ASKED, "chosen": "Soon. [1]", "rejected": "Never.", "source": "edit:7"}
JUDGED: dict[str, Any] = {"prompt": ASKED, "completion": "Never.", "label": False, "source": "thumb:9"}
WRONG: list[tuple[Any, str]] = [
    ([], "no JSON object"),
    (PAIR | {"prompt": []}, "list of messages"),
    (PAIR | {"prompt": "When?"}, "list of messages"),
    (PAIR | {"prompt": [{"role": "robot", "content": ""}]}, "list of messages"),
    (PAIR | {"prompt": [*ASKED, {"role": "assistant", "content": "Soon."}]}, "has to be the customer's"),
    (PAIR | {"chosen": " "}, "`chosen` has to be an answer"),
    (PAIR | {"rejected": None}, "`rejected` has to be an answer"),
    (PAIR | {"rejected": PAIR["chosen"]}, "are the same"),
    (PAIR | {"source": 7}, "`source` has to be text"),
    (JUDGED | {"label": "yes"}, "true or false"),
    (JUDGED | {"completion": ""}, "`completion` has to be an answer"),
]


def file(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def asked(question: str) -> tuple[dict[str, str], ...]:
    return ({"role": "user", "content": question},)


def test_both_kinds_are_read_and_written_alike(tmp_path: Path) -> None:
    found = read_preferences(file(tmp_path / "in.jsonl", PAIR | {"more": 1}, JUDGED))
    assert found == [
        PreferencePair(tuple(ASKED), "Soon. [1]", "Never.", "edit:7"),
        RatedAnswer(tuple(ASKED), "Never.", False, "thumb:9"),
    ]
    assert write_preferences(found, tmp_path / "out.jsonl") == 2
    assert read_preferences(tmp_path / "out.jsonl") == found


@pytest.mark.parametrize(("row", "words"), WRONG)
def test_a_line_that_is_none_is_named(tmp_path: Path, row: Any, words: str) -> None:
    with pytest.raises(PreferencesUnreadable, match=r"in\.jsonl, line 2: ") as raised:
        read_preferences(file(tmp_path / "in.jsonl", PAIR, row))
    assert words in str(raised.value)


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(PreferencesUnreadable, match="cannot be read"):
        read_preferences(tmp_path / "gone.jsonl")
    with pytest.raises(PreferencesUnreadable, match="holds no preference"):
        read_preferences(file(tmp_path / "empty.jsonl"))
    (tmp_path / "latin.jsonl").write_bytes("é".encode("latin-1"))
    with pytest.raises(PreferencesUnreadable, match="UTF-8"):
        read_preferences(tmp_path / "latin.jsonl")
    (tmp_path / "cut.jsonl").write_text('{"prompt": [')
    with pytest.raises(PreferencesUnreadable, match="line 1: this is no JSON"):
        read_preferences(tmp_path / "cut.jsonl")


def test_two_judged_answers_to_one_prompt_are_a_pair() -> None:
    good, bad = RatedAnswer(asked("a"), "yes", True, "t1"), RatedAnswer(asked("a"), "no", False, "t2")
    assert as_pairs([bad, good]) == [PreferencePair(asked("a"), "yes", "no", "t1 / t2")]
    with pytest.raises(PreferencesUnreadable, match="--loss kto"):
        as_pairs([good, RatedAnswer(asked("b"), "no", False)])


def test_a_pair_is_two_judged_answers() -> None:
    pair = PreferencePair(asked("a"), "yes", "no", "e1")
    assert as_rated([pair]) == [
        RatedAnswer(asked("a"), "yes", True, "e1"),
        RatedAnswer(asked("a"), "no", False, "e1"),
    ]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(0, 5))
def test_no_prompt_is_on_both_sides(questions: list[int], seed: int) -> None:
    pairs = [PreferencePair(asked(str(q)), "yes", f"no {n}") for n, q in enumerate(questions)]
    train, held = divide(pairs, seed)
    assert sorted([*train, *held], key=str) == sorted(pairs, key=str)
    assert not {key(p.prompt) for p in train} & {key(p.prompt) for p in held}
    assert train
    assert bool(held) == (len(set(questions)) > 1)
