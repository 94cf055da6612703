"""The bodies of the conversation routes, with examples for the API page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from chatbot.turn.events import Citation, Turn
from retrieval.explain import Explanation
from retrieval.search.hits import Hit

Language = Literal["en", "zh"]

_SOURCE: dict[str, Any] = {
    "n": 1,
    "article": "returns/return-window",
    "title": "How long can I return an item?",
    "heading": "Return window",
    "url": "https://shop.example/help/return-window",
    "quote": "You can return most items within 30 days of delivery.",
    "language": "en",
}
_TURN: dict[str, Any] = {
    "id": "5b0a3c5e8d6a4f0f9f6f2f6f5d1c7e21",
    "conversation_id": "f3b1c8a0a8c94d0e9d2b7c6e5a4f3d21",
    "question": "How long can I return a lamp?",
    "answer": "You can return it within 30 days of delivery [1].",
    "decision": "answer",
    "status": "done",
    "language": "en",
    "citations": [_SOURCE],
    "model": "default@1f3a9c",
    "timings": {"search": 0.03, "first_token": 0.21, "total": 1.4},
    "query": "How long can I return a lamp?",
    "created_at": "2026-03-02T09:30:00.000+00:00",
}


def _example(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class NewConversation(BaseModel):
    """How to begin; without a language, each answer follows its question's."""

    model_config = _example({"language": "en"})
    language: Language | None = None


class Begun(BaseModel):
    """A conversation that has begun; keep the id, it is the key to the conversation."""

    model_config = _example({"id": _TURN["conversation_id"]})
    id: str


class Question(BaseModel):
    """The customer's next message."""

    model_config = _example({"text": "How long can I return a lamp?"})
    text: str


class Source(BaseModel):
    """A passage that an answer cites as [n], quoted as it was when the answer was given."""

    model_config = _example(_SOURCE)
    n: int
    article: str
    title: str
    heading: str
    url: str
    quote: str
    language: str

    @classmethod
    def of(cls, citation: Citation) -> Source:
        """From the chatbot's own citation."""
        return cls(**asdict(citation))


class Answered(BaseModel):
    """One question and what became of it; `timings` are seconds."""

    model_config = _example(_TURN)
    id: str
    conversation_id: str
    question: str
    answer: str
    decision: Literal["answer", "template", "clarify", "handoff", "abstain"]
    status: Literal["open", "done", "stopped", "failed"]
    language: str
    citations: list[Source]
    model: str
    timings: dict[str, float]
    query: str
    created_at: str

    @classmethod
    def of(cls, turn: Turn) -> Answered:
        """From the chatbot's own turn."""
        return cls(**asdict(turn))


class ConversationOut(BaseModel):
    """A conversation with its turns, oldest first; `owner` says who answers."""

    model_config = _example(
        {"id": _TURN["conversation_id"], "channel": "api", "language": "en", "owner": "bot", "turns": [_TURN]}
    )
    id: str
    channel: str
    language: str
    owner: str
    turns: list[Answered]


class Opinion(BaseModel):
    """What the customer thinks of a turn; a second opinion replaces the first."""

    model_config = _example({"rating": -1, "comment": "It was about sale items."})
    rating: Literal[1, -1]
    comment: Annotated[str, Field(max_length=2000)] = ""


class Correction(BaseModel):
    """What a colleague answers to a turn's question in the bot's place; a second one replaces the first."""

    model_config = _example({"text": "Sale items can be returned within 14 days.", "author": "Tom"})
    text: Annotated[str, Field(min_length=1, max_length=4000)]
    author: Annotated[str, Field(max_length=200)] = ""


class HitOut(BaseModel):
    """A passage with the scores that ranked it."""

    model_config = _example(
        {
            "id": "returns/return-window#1",
            "article": "returns/return-window",
            "title": "How long can I return an item?",
            "heading": "Return window",
            "text": "You can return most items within 30 days of delivery.",
            "url": "https://shop.example/help/return-window",
            "language": "en",
            "score": 0.81,
            "dense": 0.77,
            "lexical": 9.4,
            "coverage": 0.9,
        }
    )
    id: str
    article: str
    title: str
    heading: str
    text: str
    url: str
    language: str
    score: float
    dense: float
    lexical: float
    coverage: float
    product: str = ""
    tags: list[str] = []

    @classmethod
    def of(cls, hit: Hit) -> HitOut:
        """From retrieval's own hit."""
        values = asdict(hit.passage) | asdict(hit)
        return cls(**{name: values[name] for name in cls.model_fields})


class ReasonOut(BaseModel):
    """Why a hit stands where it stands; ranks begin at 1, `terms` is what each word adds to `lexical`."""

    id: str
    lexical_rank: int | None
    terms: dict[str, float]
    dense_rank: int
    fused: float
    boost: float


class ExplanationOut(BaseModel):
    """How the passages were ranked, hit by hit, and what the filters left out."""

    words: list[str]
    searched: int
    left_out: dict[str, int]
    candidates: int
    hits: list[ReasonOut]
    why: str
    familiarity: float | None

    @classmethod
    def of(cls, told: Explanation) -> ExplanationOut:
        """From retrieval's own explanation."""
        hits = [{**asdict(reason), "id": reason.hit.passage.id} for reason in told.hits]
        return cls(**{**asdict(told), "hits": hits})


class Found(BaseModel):
    """The passages found, best first, and the version of the index that was searched."""

    index_version: str
    hits: list[HitOut]
    explanation: ExplanationOut | None = None


class Health(BaseModel):
    """Whether the process lives (healthz) or can answer now (readyz); `reason` says what is missing."""

    model_config = _example({"status": "ready", "model": "default@1f3a9c", "reason": ""})
    status: Literal["alive", "ready", "not ready"]
    model: str = ""
    reason: str = ""
