"""Decide, before anything is generated, what kind of reply a message gets. Pure: no model, no store."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.events import Decision
from chatbot.templates import plain
from chatbot.understand import Reading
from retrieval.passage import Hit

# Logistic regression of "the passages answer this question" on what the search saw; docs/abstention.md says how
# the weights were fitted. `across` holds for passages in another language, whose words cannot be compared.
WEIGHTS = {"bias": -4.0, "dense": 5.0, "coverage": 3.0}
ANSWERABLE = 0.35

_YES = re.compile(r"(yes|yeah|yep|sure|ok|okay|please|yes please|please do|do it|go ahead)( please| thanks)?|是的?|要|好的?|好呀|可以|需要|行|嗯+|麻烦(了|你了|您了)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`answer` means: generate from the hits; every other decision is said with the named template."""

    decision: Decision
    template: str = ""


def decide(reading: Reading, hits: Sequence[Hit], *, text: str, last_decision: str = "") -> Verdict:
    """The reply that fits: a template, a question back, a hand-over, an honest "not found", or an answer."""
    if reading.intent == "handoff" or (last_decision == "abstain" and _YES.fullmatch(plain(text))):
        return Verdict("handoff", "handoff")
    if reading.intent == "unclear":
        return Verdict("clarify", "clarify")
    if reading.intent != "question":
        return Verdict("template", reading.intent)
    if not hits or answerability(hits) < ANSWERABLE:
        return Verdict("abstain", "abstain")
    return Verdict("answer")


def answerability(hits: Sequence[Hit]) -> float:
    """Probability, 0..1, that one of the passages answers the question, from the scores of the search alone."""
    best = max(hits, key=lambda hit: hit.dense)
    coverage = max(hit.coverage for hit in hits)
    z = WEIGHTS["bias"] + WEIGHTS["dense"] * best.dense + WEIGHTS["coverage"] * coverage
    return 1 / (1 + math.exp(-z))
