"""Read a JSON export of a help centre: Zendesk Guide, Intercom Articles, or a list of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from retrieval.articles.article import Article
from retrieval.articles.metadata import audience, language_code, tag_list
from retrieval.articles.passage import Audience
from retrieval.articles.readers.html import html_sections
from retrieval.articles.readers.rows import row_articles
from retrieval.articles.readers.text import decode
from retrieval.errors import BadFile

Things = dict[str, dict[str, Any]]


def read_export(path: Path, problems: list[tuple[str, str]]) -> list[Article]:
    """Read the published articles; those for agents or for readers who signed in are internal."""
    try:
        export = json.loads(decode(path.read_bytes()))
    except json.JSONDecodeError as error:
        raise BadFile(f"it is not valid JSON ({error.msg}, line {error.lineno})") from error
    whole = export if isinstance(export, dict) else {"articles": export}
    listed = next((whole[name] for name in ("articles", "data") if isinstance(whole.get(name), list)), None)
    if listed is None or not all(isinstance(one, dict) for one in listed):
        raise BadFile("it is no export of Zendesk Guide (articles) or Intercom (data), and no list of rows")
    if any(str(one.get("type")) in ("article", "internal_article") for one in listed):
        articles = list(_intercom(listed, _by_id(whole.get("collections"))))
    elif any("section_id" in one or "html_url" in one for one in listed):
        articles = list(_zendesk(listed, whole))
    else:
        return row_articles([(f"article {n}", one) for n, one in enumerate(listed, 1)], problems)
    return _told(articles, problems)


def _told(articles: list[Article], problems: list[tuple[str, str]]) -> list[Article]:
    """Those with a text and an id of their own; the others are problems."""
    kept: dict[str, Article] = {}
    for article in articles:
        if not any(section.text.strip() for section in article.sections):
            problems.append((f"article {article.row}", f'"{article.title}" has no text'))
        elif article.row in kept:
            problems.append((f"article {article.row}", "its id is already that of an article above"))
        else:
            kept[article.row] = article
    return list(kept.values())


def _zendesk(listed: list[dict[str, Any]], export: dict[str, Any]) -> Iterator[Article]:
    sections, categories = _by_id(export.get("sections")), _by_id(export.get("categories"))
    for one in listed:
        if one.get("draft"):
            continue
        section = sections.get(str(one.get("section_id")), {})
        category = categories.get(str(section.get("category_id")), {})
        tags = (*tag_list(one.get("label_names")), *tag_list(section.get("name")))
        who = _zendesk_audience(one, section)
        product = str(category.get("name") or "")
        name = str(one.get("id"))
        yield _article(one, name, one.get("locale"), one.get("html_url"), tags, product, who)
        for other in _translations(one, export):
            if not other.get("draft") and not other.get("hidden") and other["locale"] != one.get("locale"):
                row = f"{name}-{other['locale']}"
                yield _article(other, row, other["locale"], other.get("html_url"), tags, product, who)


def _zendesk_audience(one: dict[str, Any], section: dict[str, Any]) -> Audience:
    """A user segment restricts who may read, to agents or to those who signed in; the chat knows neither."""
    restricted = (one.get("user_segment_id"), section.get("user_segment_id"), one.get("user_segment_ids"))
    if any(restricted) or one.get("internal") or section.get("internal"):
        return "internal"
    return audience(one.get("audience") or one.get("visibility"))


def _translations(one: dict[str, Any], export: dict[str, Any]) -> list[dict[str, Any]]:
    own = one.get("translations")
    found = own if isinstance(own, list) else []
    beside = export.get("translations")
    if isinstance(beside, list):
        found = [*found, *(t for t in beside if isinstance(t, dict) and t.get("source_id") == one.get("id"))]
    return [t for t in found if isinstance(t, dict) and t.get("locale")]


def _intercom(listed: list[dict[str, Any]], collections: Things) -> Iterator[Article]:
    for one in listed:
        names = _collections(one, collections)
        product, tags = (names[-1], tuple(names[:-1])) if names else ("", ())
        tags = (*tag_list(one.get("tags") if not isinstance(one.get("tags"), dict) else ""), *tags)
        who: Audience = "internal" if one.get("type") == "internal_article" else "public"
        if who == "public":
            who = audience(one.get("audience") or one.get("visibility"))
        locale = one.get("default_locale") or one.get("locale")
        if one.get("state", "published") == "published":
            yield _article(one, str(one.get("id")), locale, one.get("url"), tags, product, who)
        translated = one.get("translated_content")
        for code, other in translated.items() if isinstance(translated, dict) else ():
            if isinstance(other, dict) and code != locale and other.get("state") == "published":
                row = f"{one.get('id')}-{code}"
                yield _article(other, row, code, other.get("url"), tags, product, who)


def _collections(one: dict[str, Any], collections: Things) -> list[str]:
    """The names of the collections around an article, the innermost first."""
    names: list[str] = []
    parent, seen = str(one.get("parent_id")), set[str]()
    while parent in collections and parent not in seen:
        seen.add(parent)
        names.append(str(collections[parent].get("name") or ""))
        parent = str(collections[parent].get("parent_id"))
    return [name for name in names if name]


def _article(
    one: dict[str, Any],
    row: str,
    locale: Any,
    url: Any,
    tags: tuple[str, ...],
    product: str,
    who: Audience,
) -> Article:
    title = str(one.get("title") or "").strip()
    sections = html_sections(str(one.get("body") or ""), title)
    language = language_code(locale)
    return Article(title, sections, str(url or ""), tuple(dict.fromkeys(tags)), row, language, product, who)


def _by_id(things: Any) -> Things:
    rows = things if isinstance(things, list) else []
    return {str(thing["id"]): thing for thing in rows if isinstance(thing, dict) and "id" in thing}
