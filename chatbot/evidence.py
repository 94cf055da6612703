"""Does the passage say so? Every sentence of an answer is linked to a passage or rejected with a reason.

A small model copies well and now and then turns "no" into "yes" or changes a figure. So a sentence is only
delivered when a passage carries most of its words, all of its figures and names, and the same polarity.
Compare RARR (arXiv:2210.08726), which attributes sentences after generation with a second model; this check
is lexical, costs microseconds, and errs on the side of silence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from chatbot.prompt import CITATION
from chatbot.sentences import split_sentences
from retrieval.passage import Passage
from retrieval.text import language_of, terms

SUPPORTED = 0.6  # share of a sentence's words that its passage must carry
COURTESY = re.compile(
    r"^\W*(sorry|i('m| am) sorry|thank|thanks|you('re| are) welcome|of course|sure|certainly|no problem|"
    r"happy to help|hello|hi\b|let (me|us) know|please let|feel free|i hope|glad|抱歉|很抱歉|不好意思|您好|"
    r"亲|感谢|谢谢|不客气|当然|好的|希望|如有|如果还有|还有其他|请问还有)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b(?:[A-Z][a-z]+[A-Z]?\w*|[A-Z]{2,}\w*)\b")
_NEGATION = {
    "en": re.compile(
        r"\b(no|not|never|none|cannot|without|neither|nor|unable|except|unfortunately)\b|n't\b", re.I
    ),
    "zh": re.compile(r"不(?!仅|但|客气|好意思|同|用担心)|没有?|无法|无需|未|禁止|除外"),
}
_YES = re.compile(r"^\W*(yes|yeah|absolutely|of course|可以|是的|能的?，|支持)", re.IGNORECASE)
_NO = re.compile(r"^\W*(no\b|unfortunately|不可以|不能|不行|不支持|抱歉，?不|很抱歉，?不)", re.IGNORECASE)
_WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "twelve": "12", "twenty": "20", "thirty": "30", "sixty": "60",
    "一": "1", "两": "2", "二": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8",
    "九": "9", "十": "10",
}  # fmt: skip
_WORD_NUMBER = re.compile(
    r"\b("
    + "|".join(w for w in _WORDS if w.isascii())
    + r")\b|([一二两三四五六七八九十])(?=个|天|次|年|月|张|件|折|位)",
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
    question where the sentence begins with yes).
    """
    cited = [int(n) for n in re.findall(r"\[(\d{1,2})\]", sentence)]
    plain = CITATION.sub("", sentence)
    if opening(plain) == "yes" and any(_denies(passage, question) for passage in passages):
        return Evidence(0, "polarity")
    order = sorted(
        range(1, len(passages) + 1),
        key=lambda n: (n not in cited, -_overlap(plain, passages[n - 1], question)),
    )
    reason = "words"
    for n in order:
        verdict = _against(plain, passages[n - 1], question)
        if not verdict:
            return Evidence(n)
        reason = verdict if reason == "words" else reason
    return Evidence(0, reason)


def facts(text: str) -> frozenset[str]:
    """What can be right or wrong at a glance: every figure in one spelling, and every name, lower-cased."""
    plain = CITATION.sub("", text)
    names = (name.lower() for s in split_sentences(plain) for name in _NAME.findall(s.strip()))
    return frozenset({*_figures(plain), *names})


def opening(sentence: str) -> str:
    """ "yes" or "no" when the sentence begins by saying so, else ""."""
    return "no" if _NO.search(sentence) else "yes" if _YES.search(sentence) else ""


def is_courtesy(sentence: str) -> bool:
    """A polite phrase that states nothing: it needs no passage."""
    return bool(COURTESY.search(sentence)) and not _NUMBER.search(sentence) and len(set(terms(sentence))) <= 8


def _against(sentence: str, passage: Passage, question: str) -> str:
    """Why this passage does not carry the sentence; "" when it does."""
    text = f"{passage.context}\n{passage.text}"
    if _overlap(sentence, passage, question) < SUPPORTED:
        return "words"
    if not _figures(sentence) <= _figures(text) | _figures(question):
        return "figures"
    known = f"{text} {question}".lower()
    if any(name.lower() not in known for name in _NAME.findall(sentence.strip())):
        return "names"
    return "polarity" if contradicts(sentence, passage) else ""


def _overlap(sentence: str, passage: Passage, question: str) -> float:
    """Share of the sentence's words that the passage has; words of the question count for neither side."""
    said = set(terms(sentence))
    there = _terms(f"{passage.context}\n{passage.text}")
    own = said - set(terms(question))
    if not own:
        return len(said & there) / max(1, len(said))
    return len(own & there) / len(own)


def contradicts(sentence: str, passage: Passage) -> bool:
    """Whether the part of the passage that the sentence restates has the opposite polarity."""
    clauses = _clauses(passage)
    said = set(terms(sentence))
    if not clauses or not said:
        return False
    closest = max(clauses, key=lambda c: len(said & _terms(c)) / (1 + len(_terms(c)) ** 0.5))
    shared = len(said & _terms(closest)) / max(1, len(_terms(closest)))
    if shared < 0.5:
        return False
    negated = _NEGATION[passage.language]
    there = bool(negated.search(closest))
    if _YES.search(sentence) and there:
        return not negated.search(sentence)
    if _NO.search(sentence) and not there:
        return not any(negated.search(s) for s in split_sentences(passage.text))
    here = bool(_NEGATION[language_of(sentence)].search(sentence))
    if not there:
        return here and not negated.search(f"{passage.heading} {passage.text}")
    return not here


def _denies(passage: Passage, question: str) -> bool:
    """Whether a part of the passage says most of what is asked, with a no."""
    asked, negated = _terms(question), _NEGATION[passage.language]
    if not asked or language_of(question) != passage.language or negated.search(question):
        return False
    return any(
        len(asked & _terms(clause)) / len(asked) >= SUPPORTED
        for clause in _clauses(passage)
        if negated.search(clause)
    )


def _clauses(passage: Passage) -> list[str]:
    return [c for s in split_sentences(passage.text) for c in re.split(r"[,;，；]", s) if c.strip()]


def _figures(text: str) -> set[str]:
    """Every figure in one spelling: "five" and "五个" as 5, 1,200 as 1200."""
    digits = {n.replace(",", "").rstrip(".:") for n in _NUMBER.findall(text)}
    spelled = {_WORDS[(a or b).lower()] for a, b in _WORD_NUMBER.findall(text)}
    return digits | spelled - {"1"}


@lru_cache(maxsize=4096)
def _terms(text: str) -> frozenset[str]:
    return frozenset(terms(text))
