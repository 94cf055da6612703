"""Curated answers: sentences a person wrote, for small talk and for what the bot says of itself."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.errors import BadSettings
from retrieval.languages.table import CODES

SHIPPED = Path(__file__).with_name("templates.toml")
NEEDED = ("abstain", "clarify", "handoff", "other_language", "waiting")


@dataclass(frozen=True, slots=True)
class Template:
    """`answer` by language; `patterns` by language, each matched against the whole plain message."""

    name: str
    answer: dict[str, str]
    patterns: dict[str, tuple[re.Pattern[str], ...]]


class Templates:
    """The curated answers of one installation."""

    def __init__(self, path: Path) -> None:
        """Read a TOML file. Raises BadSettings, naming what is missing or cannot be read."""
        try:
            rows = tomllib.loads(path.read_text(encoding="utf-8")).get("template", [])
            self._by_name = {row["name"]: _template(row) for row in rows}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, re.error) as error:
            raise BadSettings(
                f"The templates in {path} cannot be read ({error}); mend or remove the file."
            ) from error
        missing = [name for name in NEEDED if name not in self._by_name]
        for name, template in self._by_name.items():
            missing += [f"answer.{code} of {name}" for code in CODES if code not in template.answer]
        if missing:
            raise BadSettings(
                f"The templates in {path} lack {', '.join(missing)}; see {SHIPPED.name} for the form."
            )

    @classmethod
    def open(cls, home: Path) -> "Templates":
        """The installation's own templates if it has any, else those shipped."""
        own = home / "templates.toml"
        return cls(own if own.exists() else SHIPPED)

    def match(self, text: str) -> str:
        """The name of the template that fits the whole message, or ""."""
        message = plain(text)
        for template in self._by_name.values():
            for patterns in template.patterns.values():
                if any(pattern.fullmatch(message) for pattern in patterns):
                    return template.name
        return ""

    def answer(self, name: str, language: str) -> str:
        """The sentence of this template in this language."""
        return self._by_name[name].answer[language]


def plain(text: str) -> str:
    """Lower case, without punctuation and emoji, single spaces: what patterns are matched against."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return " ".join(re.sub(r"[^\w\s']", " ", folded).split())


def _template(row: Mapping[str, Any]) -> Template:
    patterns = {
        language: tuple(re.compile(p) for p in listed) for language, listed in row.get("patterns", {}).items()
    }
    return Template(row["name"], dict(row.get("answer", {})), patterns)
