"""What a reply is made of: the events a face receives, and the turn they add up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Decision = Literal["answer", "template", "clarify", "handoff", "abstain"]
Status = Literal["open", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Citation:
    """Passage number `n` of the prompt; `quote` keeps its text, so that an old answer stays explainable."""

    n: int
    article: str
    title: str
    heading: str
    url: str
    quote: str
    language: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and what became of it.

    `timings` are seconds by step; `created_at` is UTC in ISO 8601; `citations` are those the answer cites.
    """

    id: str
    conversation_id: str
    question: str
    answer: str
    decision: Decision
    status: Status
    language: str
    citations: list[Citation] = field(default_factory=list)
    model: str = ""
    timings: dict[str, float] = field(default_factory=dict)
    query: str = ""
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """The candidate passages, before the first word of the answer; `n` is their number in the prompt.

    `model` is the version that will write it.
    """

    citations: list[Citation]
    model: str


@dataclass(frozen=True, slots=True)
class Text:
    """The next piece of the answer; all pieces joined are the answer."""

    piece: str


@dataclass(frozen=True, slots=True)
class Done:
    """The turn is on disk: done, or stopped by the customer."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Failed:
    """The reply broke off: a sentence for the customer and the stable code of the error."""

    message: str
    code: str


Event = Sources | Text | Done | Failed
