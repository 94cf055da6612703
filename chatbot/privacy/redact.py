"""Replace personal data by surrogates such as [name-1]; a value keeps its surrogate in a conversation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from chatbot.privacy.addresses import find_addresses
from chatbot.privacy.name_lists import DOUBTFUL, name_lists
from chatbot.privacy.names import SIGN, find_names, parts, reply_names
from chatbot.privacy.numbers import find_numbers
from chatbot.privacy.patterns import EMAILS, PATTERNS, find_ips, find_links
from chatbot.privacy.rules import RedactionRules
from chatbot.privacy.spans import SURROGATE, Page, Span
from retrieval.languages.table import HAN

_MAYBE_EMAIL = re.compile(r"@|艾特|\bat\b", re.IGNORECASE)
_CONTACT_KINDS = ("email", "phone", "link")
_ASKS_NAME = re.compile(
    r"\b(?:your|full|first|last|sur|the|account holder'?s?|passenger) ?name\b|\bname\s*[?:]\s*$|"
    r"\bwho am i (?:speaking|chatting|talking)|(?:姓名|名字|贵姓|怎么称呼|如何称呼)",
    re.IGNORECASE,
)

_TITLES = r"(?:Mrs?|Ms|Miss|Mx|Dr|Prof|Professor)\.?\s+"
_TITLE = re.compile(rf"\b(?:{_TITLES})+$")


class Memory:
    """What was replaced in one conversation. `counts` says how often, by kind."""

    def __init__(self, rules: RedactionRules = RedactionRules()) -> None:
        self.counts: Counter[str] = Counter()
        self.lists = name_lists(rules.no_names)
        self.shapes = [
            (kind, re.compile(source, re.IGNORECASE))
            for kind, source in (("order", rules.order_number), ("giftcard", rules.gift_card))
        ]
        self.no_names = rules.no_names
        self._public = {_plain(value) for value in rules.public}
        self._given: dict[tuple[str, str], str] = {}
        self._last: Counter[str] = Counter()
        self._names: dict[str, str] = {}

    def is_public(self, value: str) -> bool:
        """Whether everybody may know this value."""
        return _plain(value) in self._public

    def surrogate(self, kind: str, value: str) -> str:
        """The mark that stands for this value."""
        self.counts[kind] += 1
        if kind == "name":
            return self._mark_of(value)
        key = kind, _plain(value)
        if key not in self._given:
            self._last[kind] += 1
            self._given[key] = f"[{kind}-{self._last[kind]}]"
        return self._given[key]

    def same_person(self, one: str, other: str) -> bool:
        """Whether two names have the same mark."""
        return self._mark_of(one) == self._mark_of(other)

    def pass_over(self, text: str) -> None:
        """Give no new value the number of a mark that the text already has."""
        for mark in SURROGATE.finditer(text):
            kind, _, number = mark[0][1:-1].partition("-")
            self._last[kind] = max(self._last[kind], int(number))

    def remember(self, name: str) -> None:
        """Take this name and its parts for one person from now on."""
        words = parts(name, self.lists)
        known = next((self._names[w] for w in words if w in self._names), "")
        if not known:
            self._last["name"] += 1
            known = f"[name-{self._last['name']}]"
        for word in words:
            self._names.setdefault(word, known)
            lower = word.lower()
            if lower in self.lists.given and lower not in DOUBTFUL:  # "thanks dave" after "I'm Dave"
                self._names.setdefault(lower, known)

    def take_names(self, page: Page) -> None:
        """Black out remembered names where they stand as whole words."""
        for name in sorted(self._names, key=len, reverse=True):
            if name not in page.text:
                continue
            han = re.search(f"[{HAN}]", name)
            whole = re.escape(name) if han else rf"(?<![.-])(?<!{SIGN}){re.escape(name)}(?!{SIGN}|\.\w)"
            for match in re.finditer(whole, page.text):
                page.take("name", *match.span())

    def _mark_of(self, name: str) -> str:
        """Its own, or that of its first word: "Dana Voss" is Dana."""
        return self._names.get(name) or self._names[re.split(r"[ -]", name)[0]]


def find(text: str, memory: Memory) -> list[Span]:
    """Where the personal data of one text is, in order; `memory` learns its names."""
    page = _page(text, memory)
    _learn(page, memory)
    memory.take_names(page)
    return _joined(page, memory)


def redact(text: str, memory: Memory) -> str:
    """The text without personal data, as far as patterns and cues can tell."""
    memory.pass_over(text)
    return _replaced(text, find(text, memory), memory)


def redact_dialogue(said: Sequence[tuple[str, str]], memory: Memory) -> list[str]:
    """The texts of a whole conversation, given as (author, text), without personal data.

    One memory serves all: a name found late is also replaced before. Authors' names go too.
    """
    for _, text in said:
        memory.pass_over(text)
    for author, _ in said:
        if is_person(author):
            memory.remember(author.strip())
    pages = [_page(text, memory) for _, text in said]
    for i, page in enumerate(pages):
        _learn(page, memory)
        before = said[i - 1][1] if i else ""
        if _ASKS_NAME.search(before) and "?" in before.replace("？", "?"):
            for name in reply_names(page.text, memory.lists):
                memory.remember(name)
    redacted = []
    for (_, text), page in zip(said, pages, strict=True):
        memory.take_names(page)
        redacted.append(_replaced(text, _joined(page, memory), memory))
    return redacted


def is_person(author: str) -> bool:
    """Whether an author column holds a name, not a role, a number or an address."""
    return (
        bool(author.strip())
        and not re.search(r"[\d@_\[\]]", author)
        and bool(re.search(f"[{HAN}]", author) or author.strip()[0].isupper())
    )


def public_values(texts: Sequence[str]) -> set[str]:
    """E-mails, phone numbers and links that help articles print: everybody may know them."""
    memory = Memory()
    return {
        text[span.start : span.end]
        for text in texts
        for span in _page(text, memory).spans
        if span.kind in _CONTACT_KINDS
    }


def _page(text: str, memory: Memory) -> Page:
    """The text with everything but names taken, the most specific first."""
    page = Page(text)
    _take(page, find_links(page.text))
    for pattern in EMAILS if _MAYBE_EMAIL.search(page.text) else ():
        page.take_all("email", pattern)
    for kind, pattern in memory.shapes:
        page.take_all(kind, pattern)
    if re.search(r"\d", page.text):
        for kind, pattern in PATTERNS:
            page.take_all(kind, pattern)
        _take(page, find_ips(page.text))
    _take(page, find_addresses(page.text))
    _take(page, find_numbers(page))
    return page


def _take(page: Page, spans: Iterator[Span]) -> None:
    for span in spans:
        # An earlier one may have taken a part of it: what is left of both is one.
        page.take(span.kind, span.start, span.end)


def _learn(page: Page, memory: Memory) -> None:
    for name in find_names(page.text, memory.lists):
        if name not in memory.no_names:
            memory.remember(name)


def _joined(page: Page, memory: Memory) -> list[Span]:
    """In order, without overlaps and public values; a name of several words is one."""
    found: list[Span] = []
    for span in sorted(page.spans, key=lambda s: (s.start, -s.end)):
        if memory.is_public(page.value(span)):
            continue
        last = found[-1] if found else None
        if last and span.start < last.end:
            if span.end > last.end:
                found[-1] = Span(last.start, span.end, last.kind)
        elif (
            last
            and last.kind == span.kind == "name"
            and page.original[last.end : span.start] in (" ", "-")
            and memory.same_person(page.value(last), page.value(span))
        ):
            found[-1] = Span(last.start, span.end, "name")
        else:
            found.append(span)
    return [_with_title(span, page.original) for span in found]


def _with_title(span: Span, text: str) -> Span:
    """ "Mrs Abernathy" is replaced as a whole: a title tells something, and before a mark it reads oddly."""
    if span.kind == "name" and (title := _TITLE.search(text[max(0, span.start - 12) : span.start])):
        return Span(span.start - len(title[0]), span.end, "name")
    return span


def _replaced(text: str, spans: Sequence[Span], memory: Memory) -> str:
    pieces: list[str] = []
    at = 0
    for span in spans:
        value = text[span.start : span.end]
        if span.kind == "name":
            value = re.sub(rf"^(?:{_TITLES})+", "", value)
        pieces += [text[at : span.start], memory.surrogate(span.kind, value)]
        at = span.end
    return "".join([*pieces, text[at:]])


def _plain(value: str) -> str:
    return re.sub(r"[\s()\-]", "", value).lower()
