"""A stored turn as fine-tuning may see it: without personal data, and with what was said before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chatbot.privacy.redact import Memory, redact
from chatbot.privacy.rules import RedactionRules
from chatbot.privacy.spans import SURROGATE
from chatbot.turn.evidence import check_sentence
from chatbot.turn.message import Message
from chatbot.turn.prompt import ABSTENTION, CITATION, build_messages
from chatbot.turn.query import leans_back
from finetune.logs.conversation import Conversation, Utterance
from finetune.logs.redacted import redact_conversation
from retrieval.articles.passage import Passage

Trace = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A stored turn without personal data. `history` is what was said before it."""

    id: str
    conversation: str
    channel: str
    language: str
    question: str
    answer: str
    decision: str
    rating: int | None
    comment: str
    correction: str
    history: tuple[Message, ...]
    passages: tuple[Passage, ...]
    at: datetime
    asks: bool
    whole: bool

    @property
    def spoke(self) -> bool:
        """Whether the bot gave an answer of its own, or said that there is none."""
        return self.whole and self.decision in ("answer", "abstain")

    @property
    def written(self) -> str:
        """What the model wrote, as far as it was delivered: for an abstention the sentence it was taught."""
        return ABSTENTION[self.language] if self.decision == "abstain" else self.answer

    @property
    def prompt(self) -> list[dict[str, str]]:
        """What the model read."""
        return build_messages(self.question, self.history, self.passages, self.language)

    @property
    def known(self) -> bool:
        """Whether the prompt can be made again: an OpenAI client keeps the history to itself."""
        return bool(self.passages) and (self.channel != "openai" or not leans_back(self.question))

    def cited(self, sentences: Sequence[str]) -> str:
        """The sentences that the passages carry, each with its number; "" when the first is not carried."""
        carried: list[str] = []
        for sentence in sentences:
            number = 0
            if not SURROGATE.search(sentence):
                number = check_sentence(sentence, self.passages, self.question).number
            if not number and not carried:
                return ""
            if number:
                carried.append(f"{sentence} [{number}]")
        return " ".join(carried)


def redacted(traces: Sequence[Trace], memory: Memory) -> list[StoredTurn]:
    """The turns with one memory for all of the conversation, comments and colleagues' names included."""
    said = [
        Utterance(role, text, None, author)  # type: ignore[arg-type]
        for t in traces
        for role, text, author in (
            ("customer", t["question"], ""), ("agent", t["answer"], ""), ("customer", t["comment"], ""),
            ("agent", t["correction"], t["author"]),
        )
    ]  # fmt: skip
    first = traces[0]
    talk = Conversation(first["conversation_id"], "", None, "en", "", None, "", tuple(said))
    texts = [m.text for m in redact_conversation(talk, memory).messages]
    turns: list[StoredTurn] = []
    history: list[Message] = []
    for i, trace in enumerate(traces):
        question, answer, comment, correction = texts[4 * i : 4 * i + 4]
        turns.append(_turn(trace, question, answer, comment, correction, tuple(history)))
        told = correction or (answer if trace["status"] in ("done", "stopped") else "")
        if told:
            history += [Message("user", question), Message("assistant", CITATION.sub("", told))]
    return turns


def _turn(
    t: Trace, question: str, answer: str, comment: str, correction: str, history: tuple[Message, ...]
) -> StoredTurn:
    hits = (hit["passage"] for hit in t["hits"])
    passages = tuple(Passage(**{**passage, "tags": tuple(passage["tags"])}) for passage in hits)
    return StoredTurn(
        t["id"], t["conversation_id"], t["channel"], "zh" if t["language"] == "zh" else "en", question,
        answer, t["decision"], t["rating"], comment, correction, history, passages,
        datetime.fromisoformat(t["created_at"]), bool(t["query"]), t["status"] == "done",
    )  # fmt: skip


def leaks(turns: Sequence[StoredTurn], rules: RedactionRules) -> bool:
    """Whether a second look still finds something that the first should have taken."""
    memory = Memory(rules)
    for text in _texts(turns):
        redact(text, memory)
    return bool(memory.counts)


def _texts(turns: Sequence[StoredTurn]) -> Iterator[str]:
    for turn in turns:
        yield from (turn.question, turn.answer, turn.comment, turn.correction)
