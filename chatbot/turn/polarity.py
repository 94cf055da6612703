"""Yes and no: whether a sentence says the opposite of a passage, or a passage denies what is asked.

A help article often is a question with its answer, and then "No, we do not." counts for the whole question: a
small model that reads it writes "Yes, you can" in the question's words all the same.
"""

import re

from chatbot.turn.search import sections
from chatbot.turn.sentences import split_sentences
from chatbot.turn.speech import SPEECH, either
from retrieval.articles.passage import Passage
from retrieval.languages.text import known_terms, language_of

SAME = 0.6  # share of the words after which two questions, or a question and a sentence, are about the same
LEAST = 8  # characters of a sentence that says something without its yes or no
_YES = re.compile(rf"^\W*(?:{either(one.yes for one in SPEECH.values())})", re.IGNORECASE)
_NO = re.compile(rf"^\W*(?:{either(one.no for one in SPEECH.values())})", re.IGNORECASE)
_ASKS = re.compile(r"[?？]\s*$")
_OPENING = re.compile(
    rf"^\W*(?:{either(one.yes_or_no for one in SPEECH.values())})\s*[,，.。!！;；]\s*", re.IGNORECASE
)


def opening(sentence: str) -> str:
    """ "yes" or "no" when the sentence begins by saying so, else ""."""
    return "no" if _NO.search(sentence) else "yes" if _YES.search(sentence) else ""


def contradicts(sentence: str, passage: Passage) -> bool:
    """Whether the part of the passage that the sentence restates has the opposite polarity."""
    clauses, said, begins = _clauses(passage), known_terms(sentence), opening(sentence)
    if not clauses or not said:
        return False
    negated = SPEECH[passage.language].negation
    here = bool(SPEECH[language_of(sentence)].negation.search(sentence))
    holds = begins or ("no" if here else "yes")
    if any(reply != holds for asked, reply in _replies(passage) if _share(asked, sentence) >= SAME):
        return True
    if begins == "no" and not negated.search(f"{passage.context} {passage.text}"):
        return True
    closest = max(clauses, key=lambda c: len(said & known_terms(c)) / (1 + len(known_terms(c)) ** 0.5))
    if _share(closest, sentence) < 0.5:
        return False
    if negated.search(closest):
        return not here
    return here and begins != "no" and not negated.search(f"{passage.heading} {passage.text}")


def answers(passage: Passage, question: str) -> str:
    """ "yes" or "no" where the passage says so to this question, else ""."""
    negated = SPEECH[passage.language].negation
    if not known_terms(question) or language_of(question) != passage.language or negated.search(question):
        return ""
    for asked, reply in _replies(passage):
        if _share(question, asked) >= SAME:
            return reply
    denied = (clause for clause in _clauses(passage) if negated.search(clause))
    return "no" if any(_share(question, clause) >= SAME for clause in denied) else ""


def alone(sentence: str, heading: str, question: str) -> str:
    """The sentence without the yes or no that it begins with, where this replies to another question."""
    if not _ASKS.search(heading) or _share(question, heading) >= SAME:
        return sentence
    rest = _OPENING.sub("", sentence)
    return rest[:1].upper() + rest[1:] if len(rest) > LEAST else sentence


def _replies(passage: Passage) -> list[tuple[str, str]]:
    """The questions in the passage that are answered with yes or no, and which of the two."""
    parts = [(heading or passage.heading or passage.title, text) for heading, text in sections(passage.text)]
    negated = SPEECH[passage.language].negation
    asked = [(h, opening(text)) for h, text in parts if _ASKS.search(h) and not negated.search(h)]
    return [(heading, reply) for heading, reply in asked if reply]


def _share(text: str, other: str) -> float:
    """Share of the words of a text that another has."""
    words = known_terms(text)
    return len(words & known_terms(other)) / max(1, len(words))


def _clauses(passage: Passage) -> list[str]:
    return [c for s in split_sentences(passage.text) for c in re.split(r"[,;，；]", s) if c.strip()]
