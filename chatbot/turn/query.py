"""What to search for: the question itself, or the question with what the conversation was about."""

import re
from collections.abc import Sequence

from chatbot.turn.message import Message
from retrieval.languages.text import language_of, terms
from retrieval.search.earlier import Earlier

# A question that leans on the one before: it opens like a continuation, points back, or has no subject. "Can
# I", "how long" or "怎么" are no sign: most new questions begin so.
_CONTINUES = {
    "en": re.compile(
        r"^\W*((ok(ay)?|and|but|so|then|also|or|what about|how about|what if|same)\b)", re.IGNORECASE
    ),
    "zh": re.compile(r"^\W*(那|还有|另外|如果|要是|然后|所以|这个|那个|它)|呢\W*$"),
}
_POINTS_BACK = {
    "en": re.compile(
        r"\b(it|its|that|this|those|these|they|them|there|one|ones|same|instead|else)\b", re.IGNORECASE
    ),
    "zh": re.compile(r"它|他们|这个|那个|这种|那种|这样|那样|这些|那些|上面|刚才|前面|同样"),
}
_ASKS = {
    "en": re.compile(r"\b(how|why|when|where|what|which|who)\b", re.IGNORECASE),
    "zh": re.compile("多少|多久|多长|为什么|为何|什么|哪|怎么|怎样|如何|几|吗"),
}
# Content words; a longer question says itself what it is about, its "it" included ("... the driver when it
# arrives"). Chinese segments to more of them.
SHORT = {"en": 3, "zh": 6}
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
    language = language_of(text)
    return bool(_ASKS[language].search(text) and _said(history, "user", text))


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
    language = language_of(text)
    words = len(set(terms(text)))
    leans = _CONTINUES[language].search(text) or _POINTS_BACK[language].search(text)
    return words <= BARE or (words <= SHORT[language] and bool(leans))


def _said(history: Sequence[Message], role: str, text: str) -> list[str]:
    """What that side has said in the language of `text`, oldest first."""
    language = language_of(text)
    said = [message.content for message in history if message.role == role]
    return [words for words in said if language_of(words) == language]
