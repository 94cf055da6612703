"""Does the passage say so? Every sentence of an answer is linked to a passage or rejected with a reason.

A small model copies well and now and then turns "no" into "yes" or changes a figure. So a sentence is only
delivered when a passage carries most of its words, all of its figures and names, and the same polarity.
Compare RARR (arXiv:2210.08726), which attributes sentences after generation with a second model; this check
is lexical, costs microseconds, and errs on the side of silence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.turn.polarity import answers, contradicts, opening
from chatbot.turn.prompt import CITATION
from chatbot.turn.sentences import split_sentences
from chatbot.turn.speech import SPEECH, either
from retrieval.articles.passage import Passage
from retrieval.languages.text import known_terms, terms

# Share of a sentence's words that its passage must carry: those of the question aside, and all of them; the
# last where the sentence has only words of the question.
SUPPORTED, OVERALL, RESTATED = 0.6, 0.5, 0.75
_COURTESY = re.compile(rf"^\W*(?:{either(one.courtesy for one in SPEECH.values())})", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b(?:[A-Z][a-z]+[A-Z]?\w*|[A-Z]{2,}\w*)\b")
_NUMBER_WORDS = {word: digits for one in SPEECH.values() for word, digits in one.number_words.items()}
_NUMBER_WORD = re.compile(
    "|".join(one.number.replace("{words}", "|".join(one.number_words)) for one in SPEECH.values()),
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """`number` is the passage (from 1) carrying the sentence, or 0; `reason` then says why none does."""

    number: int
    reason: str = ""


def check_sentence(sentence: str, passages: Sequence[Passage], question: str) -> Evidence:
    """Find the passage that says what the sentence says.

    The passage that the sentence itself cites is tried first. Reasons: "words" (too few of its words are in
    any passage), "figures", "names", "polarity" (the passage says the opposite, or any passage says no to the
    question where the sentence begins with yes, or the other way round).
    """
    cited = [int(n) for n in re.findall(r"\[(\d{1,2})\]", sentence)]
    plain = CITATION.sub("", sentence)
    begins = opening(plain)
    if begins and any(answers(passage, question) not in ("", begins) for passage in passages):
        return Evidence(0, "polarity")
    said = known_terms(plain)
    own = said - known_terms(question)
    order = sorted(
        range(1, len(passages) + 1),
        key=lambda n: (n not in cited, -_share(own or said, passages[n - 1])),
    )
    reason = "words"
    for n in order:
        verdict = _against(plain, passages[n - 1], question)
        if not verdict:
            return Evidence(n)
        if verdict == "polarity":
            return Evidence(0, verdict)
        reason = verdict if reason == "words" else reason
    return Evidence(0, reason)


def facts(text: str) -> frozenset[str]:
    """What can be right or wrong at a glance: every figure in one spelling, and every name, lower-cased."""
    plain = CITATION.sub("", text)
    names = (name.lower() for s in split_sentences(plain) for name in _NAME.findall(s.strip()))
    return frozenset({*_figures(plain), *names})


def is_courtesy(sentence: str) -> bool:
    """A polite phrase that states nothing: it needs no passage."""
    return (
        bool(_COURTESY.search(sentence)) and not _NUMBER.search(sentence) and len(set(terms(sentence))) <= 8
    )


def _against(sentence: str, passage: Passage, question: str) -> str:
    """Why this passage does not carry the sentence; "" when it does."""
    text = f"{passage.context}\n{passage.text}"
    said, asked = known_terms(sentence), known_terms(question)
    if not said:
        return "words"
    least = OVERALL if said - asked else RESTATED
    if _share(said - asked, passage) < SUPPORTED or _share(said, passage) < least:
        return "words"
    if not _figures(sentence) <= _figures(text) | _figures(question):
        return "figures"
    known = f"{text} {question}".lower()
    if any(name.lower() not in known for name in _NAME.findall(sentence.strip())):
        return "names"
    return "polarity" if contradicts(sentence, passage) else ""


def _share(words: frozenset[str], passage: Passage) -> float:
    """Share of the words that the passage has; all of them, where there are none."""
    there = known_terms(f"{passage.context}\n{passage.text}")
    return len(words & there) / len(words) if words else 1.0


def _figures(text: str) -> set[str]:
    """Every figure in one spelling: "five" and "五个" as 5, 1,200 as 1200."""
    digits = {n.replace(",", "").rstrip(".:") for n in _NUMBER.findall(text)}
    spelled = {_NUMBER_WORDS[word.casefold()] for word in _NUMBER_WORD.findall(text)}
    return digits | spelled - {"1"}
