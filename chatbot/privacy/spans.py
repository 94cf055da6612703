"""A text on which what was found is blacked out letter by letter, so that places stay true."""

from __future__ import annotations

import re
from dataclasses import dataclass

KINDS = (
    "name", "email", "phone", "address", "card", "id", "order", "ip", "link",
    "giftcard", "reference", "number", "account", "birthday",
)  # fmt: skip
SURROGATE = re.compile(rf"\[(?:{'|'.join(KINDS)})-\d+\]")
KEPT = "kept"  # looked at and no secret: a price, a date, a public link, a mark of an earlier run
_FIRST = 0xE000  # private use: no writing uses these letters
# Full-width letters and digits, odd spaces and dashes, each as the plain letter that it stands for.
_PLAIN = {0xFF01 + i: 0x21 + i for i in range(94)} | dict.fromkeys(
    (0x3000, 0xA0, 0x2002, 0x2003, 0x2009, 0x202F), 0x20
)
_PLAIN |= dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2212, 0xFE63), 0x2D)
_PLAIN |= dict.fromkeys(range(_FIRST, _FIRST + len(KINDS) + 1), 0xFFFD)
_LETTER = {kind: chr(_FIRST + i) for i, kind in enumerate((*KINDS, KEPT))}
CONTACT = f"[{''.join(_LETTER[kind] for kind in ('email', 'phone', 'address', 'id'))}]"
BLACK = f"[{chr(_FIRST)}-{chr(_FIRST + len(KINDS) - 1)}]"  # a letter of something found, KEPT aside


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Letters `start` to `end` of a text, and what kind of personal data they are."""

    start: int
    end: int
    kind: str


class Page:
    """`text` has the length of the original at all times; what was taken cannot be found again."""

    def __init__(self, original: str) -> None:
        self.original = original
        self.text = original.translate(_PLAIN)
        self.spans: list[Span] = []
        for mark in SURROGATE.finditer(self.text):
            self.take(mark[0][1:].partition("-")[0], mark.start(), mark.end(), found=False)

    def take(self, kind: str, start: int, end: int, found: bool = True) -> None:
        """Black out a span; KEPT, and what was `found` before, will not be replaced."""
        while start < end and self.text[start].isspace():
            start += 1
        while end > start and self.text[end - 1].isspace():
            end -= 1
        if start >= end:
            return
        self.text = self.text[:start] + _LETTER[kind] * (end - start) + self.text[end:]
        if found and kind != KEPT:
            self.spans.append(Span(start, end, kind))

    def take_all(self, kind: str, pattern: re.Pattern[str]) -> None:
        """Black out each match of a pattern, or the groups of it whose names begin with "value"."""
        for match in pattern.finditer(self.text):
            names: list[str | int] = [n for n, v in match.groupdict().items() if n.startswith("value") and v]
            for place in names or [0]:
                self.take(kind, *match.span(place))

    def value(self, span: Span) -> str:
        """What the original has there."""
        return self.original[span.start : span.end]
