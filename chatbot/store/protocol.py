"""What the chatbot asks of its store of conversations: each database that can do this may stand behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from chatbot.store.usage import Usage
from chatbot.turn.events import Citation, Decision, Status, Turn
from chatbot.turn.message import Message
from retrieval.search.hits import Hit

Owner = Literal["bot", "human"]
# Everything that is kept of a turn, by name; `hits` (passages, scores) and `timings` as lists and objects.
Trace = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTurn:
    """A question and what was found for it, as it is written before any answer."""

    conversation_id: str
    question: str
    decision: Decision
    language: str
    query: str = ""
    hits: Sequence[Hit] = ()
    model: str = ""
    index_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnd:
    """How a turn ended; a `decision` replaces that of its opening."""

    answer: str
    status: Status
    citations: Sequence[Citation] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    decision: Decision | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation with all its turns, oldest first, open and failed ones too.

    `owner` says who answers; once it is a human, the bot is silent. `language` is "" while unknown.
    """

    id: str
    channel: str
    language: str
    owner: Owner
    created_at: str
    turns: list[Turn]

    @property
    def history(self) -> list[Message]:
        """Questions and the answers they got; questions without an answer are left out."""
        messages: list[Message] = []
        for turn in self.turns:
            if turn.answer and turn.status in ("done", "stopped"):
                messages += [Message("user", turn.question), Message("assistant", turn.answer)]
        return messages

    @property
    def last_decision(self) -> Decision | Literal[""]:
        """What was decided on the last question; "" before the first."""
        return self.turns[-1].decision if self.turns else ""


class Store(Protocol):
    """Safe to use from several threads. What a method has written is on disk when it returns."""

    def new_conversation(self, channel: str, language: str | None = None) -> str:
        """Begin a conversation and return its id, which cannot be guessed."""
        ...

    def thread(self, conversation_id: str) -> Thread:
        """All that a turn has to know of its conversation. Raises UnknownConversation."""
        ...

    def set_owner(self, conversation_id: str, owner: Owner) -> None:
        """Hand the conversation to a human, or back to the bot. Raises UnknownConversation."""
        ...

    def open_turn(self, new: NewTurn) -> str:
        """Write a turn before its answer. Returns the turn's id. Raises UnknownConversation."""
        ...

    def close_turn(self, turn_id: str, end: TurnEnd) -> Turn:
        """Write how the turn ended and return it as it is now on disk. Raises UnknownTurn."""
        ...

    def turn(self, turn_id: str) -> Turn:
        """Raises UnknownTurn."""
        ...

    def trace(self, turn_id: str) -> Trace:
        """Raises UnknownTurn."""
        ...

    def record_feedback(self, turn_id: str, rating: Literal[1, -1], comment: str = "") -> None:
        """Keep the customer's opinion of a turn; a second one replaces the first. Raises UnknownTurn."""
        ...

    def record_correction(self, turn_id: str, text: str, author: str = "") -> None:
        """Keep what a colleague answers, or would have answered, to a turn; a second one replaces the first.

        Raises UnknownTurn, or BadMessage for an empty text.
        """
        ...

    def judged_conversations(self) -> Iterator[list[Trace]]:
        """The traces of each conversation in which someone rated or corrected an answer, oldest first.

        Each trace also has `channel`, `rating` (1, -1 or None), and `comment`, `correction`, `author` ("" for
        none). Questions of an evaluation are not in it.
        """
        ...

    def usage(self) -> dict[str, Usage]:
        """How customers fared with each model version, by its label; questions of an evaluation left out."""
        ...

    def close(self) -> None:
        """Let go of the database; the store cannot be used afterwards."""
        ...
