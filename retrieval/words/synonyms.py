"""Words that mean the same in one company: a search for one of a group finds the others too."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import BadSynonyms
from retrieval.files import written
from retrieval.languages.table import HAN
from retrieval.languages.text import terms
from retrieval.words.lexical import Lexical, query_words

if TYPE_CHECKING:
    import numpy as np

SYNONYMS = "synonyms.txt"  # inside the index folder
_HAN = re.compile(f"[{HAN}]")

WHOLE = 0.999  # of the words, against rounding

Phrase = tuple[str, ...]  # the terms of a word or of a few words


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a query; of each group the best way to say it counts, the first being the one used."""

    words: list[str]
    groups: tuple[tuple[Phrase, ...], ...] = ()

    def scores(self, lexical: Lexical) -> np.ndarray:
        """The BM25 score of every passage."""
        total = lexical.scores(self.words)
        for group in self.groups:
            best = lexical.scores(group[0])
            for phrase in group[1:]:
                best = best.clip(_whole(phrase, lexical))
            total = total + best
        return total

    def bound(self, lexical: Lexical) -> float:
        """The score that no passage can exceed."""
        groups = sum(max(lexical.bound(phrase) for phrase in group) for group in self.groups)
        return lexical.bound(self.words) + groups

    def coverage(self, lexical: Lexical, rows: np.ndarray) -> np.ndarray:
        """The idf-weighted share of the query that each passage says, in its words or in others."""
        import numpy as np

        if not self.groups:
            return lexical.coverage(self.words, rows)
        covered, weight = np.zeros(len(rows)), 0.0
        for group in (((*self.words,),), *self.groups):
            weights = [lexical.weight(phrase) for phrase in group if phrase]
            shares = [lexical.coverage(phrase, rows) for phrase in group if phrase]
            shares[1:] = [np.where(share > WHOLE, share, 0.0) for share in shares[1:]]
            if shares:
                # A synonym that no article uses weighs most and would make everything look uncovered.
                mass = min(weights)
                covered, weight = covered + mass * np.max(shares, axis=0), weight + mass
        return covered / max(weight, 1e-9)

    def every_word(self) -> list[str]:
        """All words that can match, each once."""
        more = (word for group in self.groups for phrase in group for word in phrase)
        return list(dict.fromkeys([*self.words, *more]))


class Synonyms:
    """Groups of words and short phrases, in English and Chinese, each with the same meaning."""

    def __init__(self, groups: Sequence[Sequence[str]] = ()) -> None:
        self._groups = [[(text, tuple(query_words(text))) for text in group] for group in groups]

    def wording(self, query: str) -> Wording:
        """The query's words, with the other ways to say what a group knows; longer phrases count first."""
        words, groups = query_words(query), []
        said = terms(query)
        for group in self._groups:
            used = [phrase for text, phrase in group if _says(query, said, text, phrase)]
            if used:
                longest = max(used, key=len)
                spoken = {word for phrase in used for word in phrase}
                groups.append((longest, *(phrase for _, phrase in group if phrase != longest)))
                words = [word for word in words if word not in spoken]
        return Wording(words, tuple(groups))

    def reworded(self, text: str, rng: random.Random) -> str:
        """The text with one of its words or phrases said by another of that group and language."""
        ways = [
            (_written(old), new)
            for group in self._groups
            for old, _ in group
            for new, _ in group
            if new != old and bool(_HAN.search(new)) == bool(_HAN.search(old)) and _written(old).search(text)
        ]
        if not ways:
            return text
        old, new = rng.choice(ways)
        return old.sub(lambda _: new, text, count=1)


def read_synonyms(folder: Path) -> Synonyms:
    """Read `synonyms.txt` of an index folder: a group a line, parted by commas; # begins a comment.

    No file is no synonyms. Raises BadSynonyms, naming the line.
    """
    path = folder / SYNONYMS
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError:
        return Synonyms()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSynonyms(f"{path} cannot be read ({error}): save it as UTF-8 text.") from error
    groups = []
    for number, line in enumerate(lines, 1):
        words = [word.strip() for word in re.split("[,，;；、]", line.partition("#")[0]) if word.strip()]
        if not words:
            continue
        if len(words) < 2 or not all(map(query_words, words)):
            raise BadSynonyms(
                f"Line {number} of {path} is no group of synonyms: write two or more words that carry "
                'meaning, parted by commas, such as "refund, money back, 退款".'
            )
        groups.append(words)
    return Synonyms(groups)


def synonyms_version(folder: Path) -> int:
    """A number that changes when the file is written anew; 0 when there is none."""
    return written(folder / SYNONYMS)


def _whole(phrase: Phrase, lexical: Lexical) -> np.ndarray:
    """The scores of passages with all words of a phrase: "money" alone does not mean "money back"."""
    total = lexical.scores(phrase)
    for word in phrase if len(phrase) > 1 else ():
        total = total * (lexical.scores([word]) > 0)
    return total


def _says(query: str, said: list[str], text: str, phrase: Phrase) -> bool:
    """Whether the query has the phrase: its terms in a row, or the characters of a Chinese one."""
    if _HAN.search(text) and text.casefold() in query.casefold():
        return True
    row = terms(text)
    return any(said[i : i + len(row)] == row for i in range(len(said) - len(row) + 1))


def _written(phrase: str) -> re.Pattern[str]:
    """Where a text has the phrase letter for letter, an English one as whole words."""
    whole = re.escape(phrase) if _HAN.search(phrase) else rf"(?<!\w){re.escape(phrase)}(?!\w)"
    return re.compile(whole, re.IGNORECASE)
