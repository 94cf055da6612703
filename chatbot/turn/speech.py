"""How each language is read and spoken in a turn: a file a language in chatbot/turn/languages/, read once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.languages.table import data

FOLDER = Path(__file__).with_name("languages")
Cues = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """One language.

    `policy` begins the prompt, `abstention` is how a model is taught to say that there is no answer.

    Patterns of messages in this language: it `continues` what was said, `points_back` to it, `asks`. With at
    most `short` content words it can hardly stand alone. `negation` finds the "not" in a sentence.

    Cues are looked for in any text, whatever its language, so those of all languages make one pattern
    (`either`): a customer `agrees` to an offer; a sentence begins with `yes` or with `no`, or with a
    `yes_or_no` that can be cut off; a `role` at the head of a line; a model says that the passages are
    `silent`; `courtesy` at the beginning; an `abbreviation` before a full stop that ends no sentence;
    `number` is where one of the `number_words` ("{words}" in it) is a figure.
    """

    policy: str
    abstention: str
    continues: re.Pattern[str]
    points_back: re.Pattern[str]
    asks: re.Pattern[str]
    short: int
    negation: re.Pattern[str]
    agrees: Cues
    yes: Cues
    no: Cues
    yes_or_no: Cues
    role: Cues
    silent: Cues
    courtesy: Cues
    abbreviation: Cues
    number: str
    number_words: Mapping[str, str]


def either(cues: Iterable[Cues]) -> str:
    """The cues of all languages as the alternatives of one pattern."""
    return "|".join(cue for own in cues for cue in own)


def _speech(row: Mapping[str, Any]) -> Speech:
    patterns = ("continues", "points_back", "asks", "negation")
    compiled = {name: re.compile(row[name], re.IGNORECASE) for name in patterns}
    cues = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return Speech(**{**row, **compiled, **cues})


SPEECH: Mapping[str, Speech] = {code: _speech(row) for code, row in data(FOLDER).items()}
