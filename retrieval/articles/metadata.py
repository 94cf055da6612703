"""What an article says about itself: language, product, tags, and whether customers may read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from retrieval.articles.passage import Audience

_LANGUAGES = ("language", "lang", "locale", "语言")
_PRODUCTS = ("product", "产品")
_AUDIENCES = ("audience", "visibility", "受众", "可见范围")
_TAGS = ("tags", "labels", "label_names", "标签")
_PUBLIC = frozenset(("", "public", "everyone", "all", "customers", "customer", "公开", "所有人", "客户"))


@dataclass(frozen=True, slots=True)
class Metadata:
    """`language` is "" when it is not declared, or declared as neither English nor Chinese."""

    language: str = ""
    product: str = ""
    audience: Audience = "public"
    tags: tuple[str, ...] = ()


def metadata(about: Mapping[str, Any]) -> Metadata:
    """Read front matter, a row, or the fields of an export; the names may be English or Chinese."""
    return Metadata(
        language_code(_first(about, _LANGUAGES)),
        str(_first(about, _PRODUCTS)).strip(),
        audience(_first(about, _AUDIENCES)),
        tag_list(_first(about, _TAGS)),
    )


def audience(value: Any) -> Audience:
    """Public when nothing or a word for everybody is given; any other word keeps the article from customers.

    So a misspelt "internl" hides an article, instead of showing it.
    """
    words = value if isinstance(value, list) else [value]
    return "public" if all(str(word or "").strip().lower() in _PUBLIC for word in words) else "internal"


def language_code(value: Any) -> str:
    """The first part of a code such as zh-CN or en_US when it is a language that this program knows."""
    code = re.split(r"[-_]", str(value or "").strip().lower())[0]
    return "en" if code == "en" else "zh" if code == "zh" else ""


def tag_list(value: Any) -> tuple[str, ...]:
    """Tags from a list, or from one string with commas or semicolons."""
    parts = value if isinstance(value, list) else re.split(r"[,;，；、]", str(value or ""))
    return tuple(tag for part in parts if (tag := str(part).strip()))


def _first(about: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((about[name] for name in names if about.get(name)), "")
