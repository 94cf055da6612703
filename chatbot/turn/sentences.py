"""Cut text into sentences, also while it is still being written."""

import re

from chatbot.turn.speech import SPEECH, either

# After the mark may follow closing quotes and citations; an English full stop ends a sentence only before
# white space, so that 2.4 GHz, example.com and $5.95 stay whole.
_END = re.compile(r"(?:[。！？；]+|[.!?]+(?=[\s\"')\]]|$))[\"'”’)）\]]*(?:\s*\[\d{1,2}\])*[。.]?\s*|\n+")
_ABBREVIATION = re.compile(
    rf"(?:\b(?:{either(one.abbreviation for one in SPEECH.values())})|\b[A-Z]|(?:^|\s)\d{{1,2}})\.\s*$"
)


def split_sentences(text: str) -> list[str]:
    """The sentences of a complete text, in order, each with what stands before the next; no text is lost."""
    sentences, rest = take_sentences(text)
    return [*sentences, rest] if rest.strip() else sentences


def take_sentences(text: str) -> tuple[list[str], str]:
    """The sentences that are surely complete, and the rest that may still grow."""
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if match.end() == len(text) and not text.endswith("\n"):
            break  # a citation, or more digits, may still follow
        if _ABBREVIATION.search(text[start : match.end()]):
            continue
        if sentence := text[start : match.end()]:
            sentences.append(sentence)
        start = match.end()
    return sentences, text[start:]
