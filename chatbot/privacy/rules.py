"""What one company's personal data looks like: order numbers, gift cards, words, contacts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from chatbot.errors import BadSettings

FILE = "redaction.toml"  # in the home of an installation
# Two to four letters, a dash and five digits or more: what most shops print.
ORDER_NUMBER = r"(?<![A-Za-z0-9-])[A-Z]{2,4}-\d{5,10}(?:-\d{1,4})?(?!-?[A-Za-z0-9])"
# Letters, a dash, and groups of four in which letters and digits are mixed.
_MIXED = r"-(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{4}"
GIFT_CARD = rf"(?<![A-Za-z0-9])[A-Z]{{2}}(?:{_MIXED}){{2,3}}(?!-?[A-Za-z0-9])"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionRules:
    """Patterns are regular expressions in which case does not matter.

    `no_names` are words that would pass for people, as the names of products. `public` are values that are
    everybody's to know, as the company's own hotline: they stay.
    """

    order_number: str = ORDER_NUMBER
    gift_card: str = GIFT_CARD
    no_names: frozenset[str] = frozenset()
    public: frozenset[str] = frozenset()

    def knowing(self, public: Iterable[str]) -> RedactionRules:
        """The same, and these values are public too."""
        return replace(self, public=self.public | frozenset(public))

    def to_json(self) -> dict[str, Any]:
        """The same for the same rules."""
        return {
            "order_number": self.order_number,
            "gift_card": self.gift_card,
            "no_names": sorted(self.no_names),
            "public": sorted(self.public),
        }


def load_rules(file: Path | None, home: Path) -> RedactionRules:
    """The rules in `file`; without one those in the installation's home, or the general ones.

    Raises BadSettings, naming the file and the key.
    """
    if file is None:
        file = home / FILE
        if not file.exists():
            return RedactionRules()
    return read_rules(file)


def read_rules(file: Path) -> RedactionRules:
    """The rules in a TOML file. Raises BadSettings, naming the file and the key."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSettings(f"{file} cannot be read ({error.strerror}): check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file} is no TOML file ({error}); docs/logs.md shows one.") from error
    known = [field.name for field in fields(RedactionRules)]
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in known:
            raise BadSettings(f"{file}: there is no key {key!r}; there are {', '.join(known)}.")
        values[key] = _words(file, key, value) if key in ("no_names", "public") else pattern(key, value, file)
    return RedactionRules(**values)


def pattern(key: str, value: object, where: Path | str) -> str:
    """A regular expression that finds something. Raises BadSettings, naming `where` and the key."""
    allowed = r"it must be a regular expression in quotes, such as 'HX-?\d{8}'."
    if not isinstance(value, str):
        raise BadSettings(f"{where}: {key} is {value!r}; {allowed}")
    try:
        found = re.compile(value, re.IGNORECASE)
    except re.error as error:
        raise BadSettings(f"{where}: {key} is {value!r} ({error}); {allowed}") from error
    if found.match(""):
        raise BadSettings(f"{where}: {key} is {value!r}, which is found everywhere; {allowed}")
    return value


def _words(file: Path, key: str, value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) and word.strip() for word in value):
        raise BadSettings(f"{file}: {key} is {value!r}; it must be a list of words in quotes.")
    return frozenset(word.strip() for word in value)
