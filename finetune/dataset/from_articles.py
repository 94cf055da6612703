"""Training examples from the help articles: a title as the question, its first sentences as the answer."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from chatbot.turn.sentences import split_sentences
from finetune.dataset.exchanges import Exchange
from retrieval.articles.passage import Passage

LONGEST = {"en": 260, "zh": 110}  # characters of an answer
SHORTEST = {"en": 40, "zh": 14}
_NOT_PROSE = re.compile(r"^\s*(?:[-*|#>]|\d+[.)、])|\||[:：]\s*$")
_ANSWERS = re.compile(r"\w")


def article_exchanges(passages: Sequence[Passage], limit: int, rng: random.Random) -> Iterator[Exchange]:
    """At most `limit` exchanges, both languages alike, taken from as many articles as there are."""
    usable = [(p, answer) for p in passages if (answer := _answer(p))]
    rng.shuffle(usable)
    seen: dict[str, int] = {}
    ranked = []
    for passage, answer in usable:
        seen[passage.article] = seen.get(passage.article, 0) + 1
        ranked.append((seen[passage.article], passage, answer))
    ranked.sort(key=lambda entry: entry[0])  # first one of every article, then the second
    for _, passage, answer in ranked[:limit]:
        is_faq = not passage.heading and re.search(r"[?？]$", passage.title)
        yield Exchange(
            id=f"article-{passage.id}",
            language=passage.language,
            question=_question(passage),
            sentences=answer,
            history=(),
            customer_id="",
            at=None,
            linked_article=passage.article,
            source="faq" if is_faq else "article",
        )


def _question(passage: Passage) -> str:
    """The heading with its title, as customers type who search rather than ask."""
    last = passage.heading.rsplit(" > ", 1)[-1]
    if not last or last == passage.title:
        return passage.title
    if re.search(r"[?？]$", last):
        return last
    return f"{passage.title}，{last}" if passage.language == "zh" else f"{passage.title}: {last.lower()}"


def _answer(passage: Passage) -> tuple[str, ...]:
    """One or two whole sentences from the beginning; () when the passage begins with a list or a table."""
    kept: list[str] = []
    for line in passage.text.splitlines():
        for sentence in split_sentences(line):
            clean = re.sub(r"[*_`]+", "", sentence).strip()
            too_long = len(" ".join([*kept, clean])) > LONGEST[passage.language]
            if _NOT_PROSE.search(clean) or too_long or len(kept) == 2 or not _ANSWERS.search(clean):
                return _enough(kept, passage)
            kept.append(clean)
    return _enough(kept, passage)


def _enough(kept: list[str], passage: Passage) -> tuple[str, ...]:
    long = len("".join(kept)) >= SHORTEST[passage.language]
    return tuple(kept) if long and kept[-1][-1] in ".!。！" else ()
