"""What to search for: the question itself, or the question with what the conversation was about."""

import re
from collections.abc import Sequence

from chatbot.turn.message import Message
from chatbot.turn.speech import SPEECH
from retrieval.languages.text import language_of, terms
from retrieval.search.earlier import Earlier

# A question leans on the one before when it opens like a continuation, points back, or has no subject. "Can
# I", "how long" or "怎么" are no sign: most new questions begin so. A longer question says itself what it is
# about, its "it" included ("... the driver when it arrives").
BARE = 1  # content words: "how long?" or "is there a fee?" say too little by themselves
LOOK_BACK = 2
# What was said counts, even where the question seems complete: the customer's last question, those before it
# less, and names in the last answer, which often are what the talk is about. Recall@5 on the last turns of
# MTRAG: .785 for the question alone, .808 with the last one written before it where it leans, .836 so. Whole
# answers would find their own article again.
CARRIED, EARLIER = 0.6, 0.3
NAMES = 0.35
_NAME = re.compile(r"(?<![.!?:] )(?<!^)\b[A-Z][\w'&-]+(?: (?:[A-Z][\w'&-]+|and|of|the|by))*")


def asks_again(history: Sequence[Message], text: str) -> bool:
    """Whether a message without a word that carries meaning ("and how much?") asks about what was asked."""
    asks = SPEECH[language_of(text)].asks.search(text)
    return bool(asks and _said(history, "user", text))


def search_query(history: Sequence[Message], text: str) -> str:
    """The question in full: `text`, preceded by the customer's earlier question when it leans on it.

    Customers change the subject as often as they follow up, so only a question that is short or points back
    carries the old subject along. Of the earlier questions the last complete one is taken; those in another
    language are left out, as they would find the articles of theirs.
    """
    return "\n".join([*_carried(_said(history, "user", text), text), text])


def said_earlier(history: Sequence[Message], text: str) -> list[Earlier]:
    """What the conversation adds to the search for `text`, the most important first."""
    asked = _said(history, "user", text)
    answers = _said(history, "assistant", text)
    carried = _carried(asked, text)
    names = " ".join(_NAME.findall(answers[-1])) if answers else ""
    found = [Earlier(names, NAMES)] if names else []
    for back, one in enumerate(reversed(asked[-LOOK_BACK:])):
        leaned_on = back < len(carried)
        weight = (CARRIED if carried else EARLIER) / (2 if leaned_on else 4) ** back
        found.append(Earlier(one, weight, leaned_on))
    return found


def _carried(asked: Sequence[str], text: str) -> list[str]:
    """The last of the earlier questions that `text` leans on, back to a complete one."""
    if not asked or not leans_back(text):
        return []
    carried: list[str] = []
    for question in reversed(asked[-LOOK_BACK:]):
        carried.insert(0, question)
        if not leans_back(question):
            break
    return carried


def leans_back(text: str) -> bool:
    """Whether the question can hardly be understood without the one before it."""
    speech = SPEECH[language_of(text)]
    words = len(set(terms(text)))
    leans = speech.continues.search(text) or speech.points_back.search(text)
    return words <= BARE or (words <= speech.short and bool(leans))


def _said(history: Sequence[Message], role: str, text: str) -> list[str]:
    """What that side has said in the language of `text`, oldest first."""
    language = language_of(text)
    said = [message.content for message in history if message.role == role]
    return [words for words in said if language_of(words) == language]
