"""What language a text is in, and the words that it is searched by."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache, lru_cache
from typing import Any

from retrieval.languages.table import FALLBACK, HAN, LANGUAGES

HAN_START = "\u3400"
# Links, and names that programs go by (launch.json, event.target, new_name=1), which every language shares.
_NO_LANGUAGE = re.compile(
    rf"(?:https?://|www\.)[^\s{HAN}\u3000-\u303f\uff00-\uffef]*"
    r"|[A-Za-z]\w*(?:[.\\/:=()<>{}\[\]\"'+;,$]+\w+)+(?<!'s)(?<!'t)|[A-Za-z]+(?:_[A-Za-z0-9]+)+",
    re.ASCII,
)
# A code is letters and digits joined by - _ . / or : with at least one digit (AB-2048817, 2.4.1, E-21): kept
# whole, so that a customer's order number or error code matches only itself.
_TOKEN = re.compile(
    rf"(?P<code>(?=[a-z_./:-]*\d)[a-z0-9]+(?:[-_./:][a-z0-9]+)*)"
    rf"|(?P<word>(?:\b[a-z]{{1,2}}-)?[^\W\d_{HAN}]+(?:'[^\W\d_{HAN}]+)?)"  # e-mail and wi-fi are one word
    rf"|(?P<han>[{HAN}]+)"
)

_STOP_WORDS = frozenset().union(*(language.stop_words for language in LANGUAGES))
_jieba_lock = threading.Lock()


def language_of(text: str) -> str:
    """The code of the language with the most units: a text with as many Han characters as Latin words is zh.

    Links and the names of files and code are in no language, and do not count.
    """
    text = _NO_LANGUAGE.sub(" ", text)
    counts = [len(language.unit.findall(text)) for language in LANGUAGES]
    most = max(counts)
    return LANGUAGES[counts.index(most)].code if most else FALLBACK.code


def wordless(text: str) -> bool:
    """Whether a text is nothing but links and code: it has no meaning that a model could see."""
    rest, found = _NO_LANGUAGE.subn(" ", text)
    return found > 0 and not any(character.isalpha() for character in rest)


def tokens(text: str) -> list[str]:
    """Lower-cased words in order: English stemmed, Chinese cut by jieba, codes such as AB-2048817 whole."""
    return [token for _, token in _words(text)]


def terms(text: str) -> list[str]:
    """The tokens that carry meaning: stop words of both languages left out."""
    return [token for word, token in _words(text) if word not in _STOP_WORDS]


@lru_cache(maxsize=4096)
def known_terms(text: str) -> frozenset[str]:
    """The different terms of a text that is compared again and again, such as a passage."""
    return frozenset(terms(text))


def _words(text: str) -> list[tuple[str, str]]:
    """Each word as written (lower-cased) and as it is searched by."""
    found: list[tuple[str, str]] = []
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    for match in _TOKEN.finditer(folded):
        piece = match.group()
        if match.lastgroup == "han":
            # Without its guesses at unknown words, jieba cuts a question and an article alike.
            found.extend((word, word) for word in ready_jieba().cut_for_search(piece, HMM=False))
        elif match.lastgroup == "code":
            found.append((piece, piece))
        else:
            word = piece.replace("-", "")
            found.append((word, _stem(word.removesuffix("'s"))))
    return found


@cache
def _stemmer() -> threading.local:
    return threading.local()


def _stem(word: str) -> str:
    # A Snowball stemmer is not thread-safe, so each thread has its own.
    local = _stemmer()
    if not hasattr(local, "english"):
        import Stemmer

        local.english = Stemmer.Stemmer("english")
    return str(local.english.stemWord(word))


def ready_jieba() -> Any:
    """The word cutter with its dictionary loaded, without a word on the screen."""
    import jieba

    with _jieba_lock:
        if not jieba.dt.initialized:
            jieba.setLogLevel("WARNING")
            jieba.initialize()
    return jieba
