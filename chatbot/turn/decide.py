"""Decide, before anything is generated, what kind of reply a message gets.

Pure: no model and no store is asked.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatbot.turn.events import Decision
from chatbot.turn.speech import SPEECH, either
from chatbot.turn.templates import plain
from chatbot.turn.understand import Reading
from retrieval.search.hits import Hit

# Logistic regression of "the passages answer this question" on what the search saw, fitted by
# `python -m finetune.evaluation.calibrate` on the sample logs: there, a question counts as unanswered when
# its agent had no answer, and once more with the article that answered it taken away. (It was fitted before
# tags were searched; fitted again, no weight moves by more than .4.) Without past questions the second row
# holds: between what the same command gives for these with MTRAG (4.3 and 3.7) and for MTRAG alone (1.4 and
# 6.6); its bias is chosen on MTRAG, between silence where there is no answer and where there is one.
WEIGHTS = {"bias": -5.5, "dense": 5.2, "coverage": 1.6, "asked": 5.2}
WEIGHTS_WITHOUT_LOGS = {"bias": -3.25, "dense": 3.5, "whitened": 5.0}
# The thresholds were chosen on examples/questions.jsonl, not on unseen questions.
ANSWERABLE = 0.24  # below it the model is not asked
LIKELY = 0.42  # from it on a model that finds no answer is not believed
# Where a model's doubt was measured, it and the search decide together, and the model is asked more often.
HOPEFUL = 0.08
KNOWN = 0.38  # of both together; in between them, odds multiply
# Cosine of the nearest question nobody could answer, and its lead over the others.
UNANSWERED_BEFORE = (0.4, 0.03)

_AGREES = re.compile(either(one.agrees for one in SPEECH.values()))


@dataclass(frozen=True, slots=True)
class Verdict:
    """`answer` means: generate from the hits; every other decision is said with the named template."""

    decision: Decision
    template: str = ""


def decide(
    reading: Reading,
    hits: Sequence[Hit],
    near: Mapping[str, float],
    *,
    text: str,
    last_decision: str = "",
    doubted: bool = False,
    human_owns: bool = False,
) -> Verdict:
    """The reply that fits: a template, a question back, a hand-over, an honest "not found", or an answer.

    `near` are the articles that answered the nearest past questions, with their cosines; "" stands for those
    that nobody could answer. Where a human owns the conversation the bot only confirms. With `doubted`, the
    model's own doubt will be heard before anything is shown.
    """
    if human_owns:
        return Verdict("handoff", "waiting")
    if reading.intent == "handoff" or (last_decision == "abstain" and _AGREES.fullmatch(plain(text))):
        return Verdict("handoff", "handoff")
    if reading.intent == "unclear":
        return Verdict("clarify", "clarify")
    if reading.intent != "question":
        return Verdict("template", reading.intent)
    if (
        not hits
        or _unanswered_before(near)
        or answerability(hits, near) < (HOPEFUL if doubted else ANSWERABLE)
    ):
        return Verdict("abstain", "abstain")
    return Verdict("answer")


def answerability(hits: Sequence[Hit], near: Mapping[str, float]) -> float:
    """Probability, 0..1, that one of the passages answers the question, from what the search saw alone."""
    weights = WEIGHTS if near else WEIGHTS_WITHOUT_LOGS
    seen = signs(hits, near)
    return 1 / (1 + math.exp(-sum(weight * seen[name] for name, weight in weights.items())))


def signs(hits: Sequence[Hit], near: Mapping[str, float]) -> dict[str, float]:
    """What the search saw, by the names in WEIGHTS; "bias" is always 1."""
    return {
        "bias": 1.0,
        "dense": max(hit.dense for hit in hits),
        "whitened": max(hit.whitened for hit in hits),
        "coverage": max(hit.coverage for hit in hits),
        "asked": _nearest_answered(near),
    }


def known(chance: float, evidence: float) -> bool:
    """Whether the search's chance (0..1) and a model's evidence (nats) together speak for an answer."""
    least = 1e-6
    chance = min(max(chance, least), 1 - least)
    return math.log(chance / (1 - chance)) + evidence >= math.log(KNOWN / (1 - KNOWN))


def _nearest_answered(near: Mapping[str, float]) -> float:
    return max((cosine for article, cosine in near.items() if article), default=0.0)


def _unanswered_before(near: Mapping[str, float]) -> bool:
    """Whether agents were asked nearly this before and had no article for it."""
    cosine, (least, lead) = near.get("", 0.0), UNANSWERED_BEFORE
    return cosine >= least and cosine > _nearest_answered(near) + lead
