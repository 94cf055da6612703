"""The languages that the program speaks: a third one is one new entry here, and its data files.

What belongs to one language lies in data files named by its code: stop words beside this file, prompts and
cues in chatbot/turn/languages/, cues of support logs in finetune/, the page's texts in ui/page/texts/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Segmentation = Literal["words", "jieba"]
HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    `unit` matches what is counted to tell the language of a text: a Latin word, a Han character. `gap` stands
    between two sentences. `segmentation` says how words are found; "words" are parted by spaces and stemmed
    by the Snowball stemmer of that name, `stemmer`.
    """

    code: str
    name: str
    native_name: str
    unit: re.Pattern[str]
    gap: str
    segmentation: Segmentation
    stemmer: str = ""

    @property
    def stop_words(self) -> frozenset[str]:
        """Words that say nothing about the subject of a question."""
        return _stop_words(self.code)


# In the order in which a text with equally many units of two languages is given to one of them. The last one
# is taken for a text that has no units at all.
LANGUAGES: tuple[Language, ...] = (
    Language("zh", "Chinese", "中文", re.compile(f"[{HAN}]"), "", "jieba"),
    Language("en", "English", "English", re.compile(r"[A-Za-z]+"), " ", "words", "english"),
)
FALLBACK = LANGUAGES[-1]
_BY_CODE = {language.code: language for language in LANGUAGES}
CODES: tuple[str, ...] = tuple(sorted(_BY_CODE))


def language(code: str) -> Language:
    """The entry of a code that the table has; KeyError for another."""
    return _BY_CODE[code]


def gap(code: str) -> str:
    """What stands between two sentences of this language."""
    return _BY_CODE[code].gap


def data(folder: Path, suffix: str = "toml") -> dict[str, Any]:
    """By code, the data file of each language in a folder: parsed TOML, or the text of another suffix.

    FileNotFoundError names the file that a language lacks.
    """
    import tomllib

    texts = {code: (folder / f"{code}.{suffix}").read_text(encoding="utf-8") for code in CODES}
    return {code: tomllib.loads(text) if suffix == "toml" else text for code, text in texts.items()}


@cache
def _stop_words(code: str) -> frozenset[str]:
    path = Path(__file__).with_name(f"{code}.stopwords.txt")
    return frozenset(path.read_text(encoding="utf-8").split())
