"""Which part of an agent's sentence a passage carries, by the same check that a live answer has to pass."""

from __future__ import annotations

import re

from chatbot.turn.evidence import check_sentence
from retrieval.articles.passage import Passage
from retrieval.languages.text import terms

# Why a sentence is not carried, by the words of the check.
REASONS = {
    "words": "no passage supports the answer",
    "figures": "a number that no passage has",
    "names": "a name that no passage has",
    "polarity": "contradicts the passage",
}
FEWEST = 3  # content words of a part that is worth keeping
KEPT = {"en": 0.4, "zh": 0.6}  # share of the sentence's words; a Chinese clause says less by itself
# Where a sentence may be cut so that both sides can stand: not before "but", which would change the meaning.
_CUT = {
    "en": re.compile(r"[;:]\s+|,\s+(?=(?:so|and|which|please|then|otherwise|just)\b)|\s+(?=so that['’]d\b)"),
    "zh": re.compile(r"[；：]|，(?!但|不过|只是|除非)"),
}
_HALF = {
    "en": re.compile(
        r"^(?:after|if|when|because|as|once|since|while|although|unless|before)\b[^,]*$", re.IGNORECASE
    ),
    "zh": re.compile(r"^(?:如果|要是|因为|虽然|由于|只要|等|若|除了|当)[^，]*$"),
}
# What the agent did in this one case: nobody may learn to claim it.
_DOES = re.compile(
    r"\bI(?:['’](?:ve|ll|m)| have| will| just| am)\b|\bI (?:see|added|opened|sent|found|checked)\b|"
    r"\bwe['’]ve\b"
    r"|我(?:已经|这就|帮|给您|看了|查|这边)|已(?:经)?(?:为|帮|给|按|登记|提交|申请|安排)|查到了|核对好|帮您",
    re.IGNORECASE,
)
_DANGLES = re.compile(r"^(?:it|they|that|this|these|those|he|she|the other|它|这|那)\b", re.IGNORECASE)
_JOINT = re.compile(r"^(?:so|and|which|then|just|所以|而且|并且|然后|因此)[,，]?\s*", re.IGNORECASE)


def carried(sentence: str, passage: Passage, question: str) -> tuple[str, str]:
    """The longest part that the passage carries, and "" or why the whole sentence is not carried.

    Agents wrap a rule in the customer's own case ("..., so you have 8 days left"): the rule can be learned.
    """
    evidence = check_sentence(sentence, [passage], question)
    if evidence.number and not _DOES.search(sentence):
        return sentence, ""
    fewest = max(FEWEST, round(len(set(terms(sentence))) * KEPT[passage.language]))
    for part in _shorter(sentence, passage.language):
        enough = len(set(terms(part))) >= fewest and not _DOES.search(part)
        if enough and check_sentence(part, [passage], question).number:
            return part, evidence.reason
    return "", evidence.reason


def _shorter(sentence: str, language: str) -> list[str]:
    """Beginnings and ends of the sentence that could stand alone: with a figure first, then the longest."""
    cuts = list(_CUT[language].finditer(sentence))
    stop = "。" if language == "zh" else "."
    starts = [_whole(sentence[: cut.start()], stop) for cut in cuts]
    ends = [_whole(sentence[cut.end() :], stop) for cut in cuts if cut.group().strip()[:1] in ";:；："]
    parts = sorted([*starts, *ends], key=lambda part: (bool(re.search(r"\d", part)), len(part)), reverse=True)
    return [
        part
        for part in parts
        if not _HALF[language].search(part) and not (part in ends and _DANGLES.search(part))
    ]


def _whole(part: str, stop: str) -> str:
    part = _JOINT.sub("", part.strip()).rstrip(" ,;:，；：.!。！")
    return part[:1].upper() + part[1:] + stop
