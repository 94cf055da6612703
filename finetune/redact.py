"""Replace personal data by surrogates such as [name-1]; a value keeps its surrogate in a conversation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from finetune.conversation import Conversation
from finetune.names import find_names, parts
from finetune.patterns import ORDER_CUE, ORDER_NUMBER, PATTERNS
from retrieval.text import HAN

SURROGATE = re.compile(
    r"\[(?:name|email|phone|address|card|id|order|ip|link|giftcard|reference|number|account|birthday)-\d+\]"
)
_CONTACT_KINDS = ("email", "phone", "link")


class Memory:
    """What was replaced in one conversation. `counts` says how often, by kind.

    `public` are values that are everybody's to know, as the company's own hotline: they stay.
    """

    def __init__(self, order_number: str = ORDER_NUMBER, public: Iterable[str] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self.order_number = re.compile(order_number, re.IGNORECASE)
        self._public = {_plain(value) for value in public}
        self._given: dict[tuple[str, str], str] = {}
        self._names: dict[str, str] = {}

    def surrogate(self, kind: str, value: str) -> str:
        """The mark that stands for this value; unchanged if the value is public or is a mark already."""
        if _plain(value) in self._public or SURROGATE.fullmatch(value):
            return value
        self.counts[kind] += 1
        key = kind, _plain(value)
        if key not in self._given:
            self._given[key] = f"[{kind}-{1 + sum(k == kind for k, _ in self._given)}]"
        return self._given[key]

    def remember(self, name: str) -> None:
        """Take this name and its parts for one person from now on."""
        words = parts(name)
        known = next((self._names[w] for w in words if w in self._names), None)
        number = 1 + len(set(self._names.values()))
        for word in words:
            self._names.setdefault(word, known or f"[name-{number}]")

    def replace_names(self, text: str) -> str:
        """Put the marks where remembered names stand as whole words."""
        for name in sorted(self._names, key=len, reverse=True):
            han = re.search(f"[{HAN}]", name)
            pattern = re.escape(name) if han else rf"(?<![\w@.-]){re.escape(name)}(?!\w|@|\.\w)"
            text, times = re.subn(pattern, self._names[name], text)
            self.counts["name"] += times
        return re.sub(r"(\[name-\d+\])(?:[ -]\1)+", r"\1", text)


def redact(text: str, memory: Memory) -> str:
    """The text without personal data, as far as patterns and cues can tell."""
    text = _without_codes(text, memory)
    for name in find_names(text):
        memory.remember(name)
    return memory.replace_names(text)


def redact_conversation(conversation: Conversation, memory: Memory) -> Conversation:
    """All messages with one memory; a name found late is also replaced before. Agents' names go too."""
    for message in conversation.messages:
        if message.author:
            memory.remember(message.author)
    texts = [_without_codes(message.text, memory) for message in conversation.messages]
    for text in texts:
        for name in find_names(text):
            memory.remember(name)
    messages = [
        replace(message, text=memory.replace_names(text), author="")
        for message, text in zip(conversation.messages, texts, strict=True)
    ]
    return replace(conversation, messages=tuple(messages))


def public_values(texts: Sequence[str]) -> set[str]:
    """E-mails, phone numbers and links that help articles print: everybody may know them."""
    return {
        match.group()
        for kind, pattern in PATTERNS
        if kind in _CONTACT_KINDS
        for text in texts
        for match in pattern.finditer(text)
    }


def _without_codes(text: str, memory: Memory) -> str:
    for kind, pattern in PATTERNS[
        :4
    ]:  # e-mails, links and gift cards may hold what looks like an order number
        text = _sub(kind, pattern, text, memory)
    text = _sub("order", memory.order_number, text, memory)
    text = _sub("order", ORDER_CUE, text, memory)
    for kind, pattern in PATTERNS[4:]:
        text = _sub(kind, pattern, text, memory)
    return text


def _sub(kind: str, pattern: re.Pattern[str], text: str, memory: Memory) -> str:
    def mark(match: re.Match[str]) -> str:
        value = next((v for k, v in match.groupdict().items() if k.startswith("value") and v), match.group())
        if SURROGATE.search(value) or _inside_mark(match):
            return match.group()
        return match.group().replace(value.strip(), memory.surrogate(kind, value.strip()))

    return pattern.sub(mark, text)


def _inside_mark(match: re.Match[str]) -> bool:
    return any(
        m.start() < match.end() and match.start() < m.end() for m in SURROGATE.finditer(match.string)
    ) and (not match.groupdict())


def _plain(value: str) -> str:
    return re.sub(r"[\s()\-]", "", value).lower()
