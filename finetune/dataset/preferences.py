"""Preferences of people: JSON Lines, each line checked before anything is trained on it.

A line is one of two kinds. `prompt` holds the messages exactly as `chatbot.turn.prompt.build_messages` gives
them, the answers are what the model writes, citations included; `source` says where it comes from:

    {"prompt": [...], "chosen": "Within 30 days. [1]", "rejected": "Any time.", "source": "edit:7"}
    {"prompt": [...], "completion": "Any time.", "label": false, "source": "thumb:9"}
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from finetune.errors import PreferencesUnreadable

PromptMessages = tuple[dict[str, str], ...]
ROLES = ("system", "user", "assistant")
HELD_OUT = 0.2


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """Two answers to one prompt, of which a person preferred `chosen`."""

    prompt: PromptMessages
    chosen: str
    rejected: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """One answer and whether a person found it good."""

    prompt: PromptMessages
    completion: str
    label: bool
    source: str = ""


Preference = PreferencePair | RatedAnswer
P = TypeVar("P", PreferencePair, RatedAnswer)


def read_preferences(path: Path) -> list[Preference]:
    """Every preference in the file; fields beyond those named above are ignored.

    Raises PreferencesUnreadable naming the first line that is none, or when there is no line at all.
    """
    try:
        with path.open(encoding="utf-8") as file:
            found = [_preference(path, n, line) for n, line in enumerate(file, start=1) if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise PreferencesUnreadable(f"{path} cannot be read ({error}); it has to be UTF-8.") from error
    if not found:
        raise PreferencesUnreadable(f"{path} holds no preference; write one JSON object a line.")
    return found


def write_preferences(preferences: Iterable[Preference], path: Path) -> int:
    """Write what `read_preferences` reads; returns how many."""
    lines = [json.dumps(asdict(preference), ensure_ascii=False) + "\n" for preference in preferences]
    path.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def as_pairs(preferences: Sequence[Preference]) -> list[PreferencePair]:
    """For DPO, which compares two answers. A good and a bad answer to the same prompt make a pair.

    Raises PreferencesUnreadable when not one pair can be made.
    """
    pairs = [p for p in preferences if isinstance(p, PreferencePair)]
    good: dict[str, RatedAnswer] = {}
    for said in _rated(preferences, label=True):
        good.setdefault(key(said.prompt), said)
    for bad in _rated(preferences, label=False):
        better = good.get(key(bad.prompt))
        if better:
            source = " / ".join(s for s in (better.source, bad.source) if s)
            pairs.append(PreferencePair(bad.prompt, better.completion, bad.completion, source))
    if not pairs:
        raise PreferencesUnreadable(
            "No two answers to the same prompt can be compared; use `--loss kto`, which takes single answers."
        )
    return pairs


def as_rated(preferences: Sequence[Preference]) -> list[RatedAnswer]:
    """For KTO, which takes single answers: a pair is a good one and a bad one."""
    rated = []
    for p in preferences:
        if isinstance(p, RatedAnswer):
            rated.append(p)
            continue
        rated += [
            RatedAnswer(p.prompt, p.chosen, True, p.source),
            RatedAnswer(p.prompt, p.rejected, False, p.source),
        ]
    return rated


def divide(preferences: Sequence[P], seed: int = 0) -> tuple[list[P], list[P]]:
    """Training part and held-out fifth, by prompt, so that no prompt is in both.

    Where chance leaves one part empty, the last prompt is moved there.
    """
    keys = sorted({key(p.prompt) for p in preferences}, key=lambda k: sha256(f"{seed}{k}".encode()).digest())
    count = min(max(1, round(HELD_OUT * len(keys))), len(keys) - 1)
    held = set(keys[:count])
    return (
        [p for p in preferences if key(p.prompt) not in held],
        [p for p in preferences if key(p.prompt) in held],
    )


def key(prompt: PromptMessages) -> str:
    """The same for the same messages."""
    return json.dumps(prompt, ensure_ascii=False, sort_keys=True)


def _rated(preferences: Sequence[Preference], label: bool) -> Iterator[RatedAnswer]:
    return (p for p in preferences if isinstance(p, RatedAnswer) and p.label is label)


def _preference(path: Path, number: int, line: str) -> Preference:
    where = f"{path}, line {number}"
    try:
        row = json.loads(line)
    except ValueError as error:
        raise PreferencesUnreadable(
            f"{where}: this is no JSON object ({error}); correct or remove it."
        ) from error
    if not isinstance(row, dict):
        raise PreferencesUnreadable(f"{where}: this is no JSON object; correct or remove the line.")
    prompt, source = _prompt(where, row), row.get("source", "")
    if not isinstance(source, str):
        raise PreferencesUnreadable(f"{where}: `source` has to be text.")
    if "label" in row:
        if not isinstance(row["label"], bool):
            raise PreferencesUnreadable(f"{where}: `label` has to be true or false.")
        return RatedAnswer(prompt, _answer(where, row, "completion"), row["label"], source)
    pair = PreferencePair(prompt, _answer(where, row, "chosen"), _answer(where, row, "rejected"), source)
    if pair.chosen == pair.rejected:
        raise PreferencesUnreadable(f"{where}: `chosen` and `rejected` are the same; remove the line.")
    return pair


def _prompt(where: str, row: dict[str, Any]) -> PromptMessages:
    messages = row.get("prompt")
    if not isinstance(messages, list) or not messages or not all(map(_is_message, messages)):
        raise PreferencesUnreadable(
            f"{where}: `prompt` has to be a list of messages with `role` ({', '.join(ROLES)}) and `content`."
        )
    if messages[-1]["role"] != "user":
        raise PreferencesUnreadable(f"{where}: the last message has to be the customer's (role user).")
    return tuple({"role": m["role"], "content": m["content"]} for m in messages)


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and value.get("role") in ROLES and isinstance(value.get("content"), str)


def _answer(where: str, row: dict[str, Any], name: str) -> str:
    answer = row.get(name)
    if not isinstance(answer, str) or not answer.strip():
        raise PreferencesUnreadable(
            f"{where}: `{name}` has to be an answer; "
            "a line has `chosen` and `rejected`, or `completion` and `label`."
        )
    return answer.strip()
