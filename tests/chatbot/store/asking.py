"""A turn as tests of the store open it."""

from __future__ import annotations

from chatbot.store.protocol import NewTurn, Store
from chatbot.turn.events import Citation, Decision
from retrieval.articles.passage import Passage
from retrieval.search.hits import Hit

PASSAGE = Passage(
    "faq/returns#1", "faq/returns", "Returns", "How > When", "Within 30 days.", "", "en", ("r",)
)
HIT = Hit(PASSAGE, score=0.9, dense=0.8, lexical=7.5, coverage=0.5)
CITATION = Citation(1, "faq/returns", "Returns", "How > When", "", "Within 30 days.", "en")


def ask(
    store: Store,
    conversation: str,
    question: str = "When?",
    decision: Decision = "answer",
    model: str = "m@1",
) -> str:
    return store.open_turn(
        NewTurn(
            conversation_id=conversation,
            question=question,
            query="when",
            hits=[HIT],
            decision=decision,
            language="en",
            model=model,
        )
    )
