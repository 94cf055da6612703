"""A past conversation of the support desk, as every log reader gives it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

Party = Literal["customer", "agent"]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one side wrote; `author` is the writer's name where the log has it, `at` is in UTC."""

    role: Party
    text: str
    at: datetime | None = None
    author: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One ticket or chat, in order. `rating` is 1 to 5 or None; `status` is lower-cased, "" when unknown.

    `left_out` has a reason for each message of the log that is not in it, as "internal note".
    `source` is "log", or "faq" for a row that is a question with its answer and has no customer.
    """

    id: str
    customer_id: str
    started_at: datetime | None
    language: str
    status: str
    rating: float | None
    linked_article: str
    messages: tuple[Utterance, ...]
    channel: str = ""
    source: str = "log"
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a log that could not be read; `line` counts from 1, 0 means the whole file."""

    file: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"
