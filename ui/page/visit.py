"""What the page remembers of one visitor: the language and what was said in this tab."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from chatbot.turn.events import Citation, Done, Event, Failed, Sources, Text
from ui.page.texts import EXAMPLES, TEXTS, Language
from ui.reply import Reply

# Numbers of the drawings: they only grow, also when the clock is set back, and from one start to the next.
_drawings = count(time.time_ns() // 1000)

State = Literal["searching", "writing", "done", "stopped", "failed"]


@dataclass(slots=True)
class Exchange:
    """One question and its answer as far as it has come."""

    question: str
    answer: str = ""
    state: State = "searching"
    sources: list[Citation] = field(default_factory=list)
    turn: str = ""
    problem: str = ""
    rating: int = 0
    commented: bool = False

    def take(self, event: Event) -> None:
        """Add what this event tells; after Done only the sources that are cited remain."""
        match event:
            case Sources():
                self.state, self.sources = "writing", list(event.citations)
            case Text():
                self.answer += event.piece
            case Done():
                turn = event.turn
                self.state = "stopped" if turn.status == "stopped" else "done"
                self.answer, self.sources = turn.answer, list(turn.citations)
                self.turn = turn.id
            case Failed():
                self.state, self.problem = "failed", event.code

    def end(self) -> None:
        """Nothing more will come: an incomplete answer was stopped, and cites what it cites so far."""
        if self.state in ("searching", "writing"):
            self.state = "stopped"
        self.sources = [source for source in self.sources if f"[{source.n}]" in self.answer]

    def shown(self) -> dict[str, Any]:
        """Plain data for the browser; it never contains markup."""
        return {
            "question": self.question,
            "answer": self.answer,
            "state": self.state,
            "problem": self.problem,
            "rating": self.rating,
            "commented": self.commented,
            "can_rate": bool(self.turn),
            "sources": [_source(citation) for citation in self.sources],
        }


@dataclass(slots=True)
class Visit:
    """One browser tab. It lives in the session, is changed in place, and is gone with the tab."""

    language: Language = "en"
    conversation: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    reply: Reply | None = None

    @property
    def busy(self) -> bool:
        """Whether an answer is being written."""
        return self.reply is not None

    def stop(self) -> None:
        """Stop the answer that is being written, if there is one."""
        if self.reply is not None:
            self.reply.stop()

    def restart(self) -> None:
        """Forget the conversation; the next question begins another."""
        self.stop()
        self.conversation, self.exchanges, self.reply = "", [], None

    def shown(self) -> dict[str, Any]:
        """What the transcript shows: the texts of the language, the examples and every exchange.

        `at` numbers the drawings: they reach the browser on two ways, and one that was made before may arrive
        after.
        """
        return {
            "at": next(_drawings),
            "busy": self.busy,
            "language": self.language,
            "texts": TEXTS[self.language],
            "examples": EXAMPLES[self.language],
            "exchanges": [exchange.shown() for exchange in self.exchanges],
        }


def _source(citation: Citation) -> dict[str, Any]:
    place = " › ".join(part for part in (citation.title, *citation.heading.split(" > ")) if part)
    return {
        "n": citation.n,
        "place": place,
        "quote": citation.quote,
        "url": citation.url,
        "language": citation.language,
    }
