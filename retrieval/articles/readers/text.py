"""Read Markdown (with what its front matter says) and plain text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from retrieval.articles.article import Article, Section
from retrieval.articles.metadata import metadata
from retrieval.errors import BadFile

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^[ \t]*(```|~~~)")
# What Markdown adds around words: images and links keep their words, bold loses its marks, comments go.
_MARKS = (
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)"), r"\1"),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
)


def decode(data: bytes) -> str:
    """Decode UTF-8, or UTF-16 that begins with a byte-order mark; raises BadFile for anything else."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadFile(
            f"it is not {encoding.removesuffix('-sig').upper()} text (byte {error.start})"
        ) from error
    if "\0" in text:
        raise BadFile("it is not text (it has zero bytes)")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_markdown(path: Path) -> Article:
    """Read a Markdown file; its title is the front matter's, else its first heading, else its name."""
    text = decode(path.read_bytes())
    about, body = _front_matter(text)
    sections = markdown_sections(body)
    title = str(about.get("title") or "")
    meta = metadata({str(name).lower(): value for name, value in about.items()})
    if not title:
        title, sections = _title_from(sections)
    return Article(
        title=title or path.stem.replace("-", " ").replace("_", " "),
        sections=tuple(_without_title(section, title) for section in sections),
        url=str(about.get("url") or ""),
        tags=meta.tags,
        language=meta.language,
        product=meta.product,
        audience=meta.audience,
    )


def read_plain(path: Path) -> Article:
    """Read a text file as one section; its title is the first line when that is short and stands alone."""
    text = decode(path.read_bytes()).strip()
    first, _, rest = text.partition("\n")
    if rest.startswith("\n") and len(first) <= 80:
        return Article(title=first.strip(), sections=(Section((), rest.strip()),))
    return Article(title=path.stem.replace("-", " ").replace("_", " "), sections=(Section((), text),))


def markdown_sections(text: str) -> list[Section]:
    """Cut Markdown at its headings, each section with the path of headings above it."""
    for pattern, keep in _MARKS:
        text = pattern.sub(keep, text)
    sections: list[Section] = []
    above: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False

    def close() -> None:
        body = "\n".join(lines).strip("\n")
        if body.strip():
            sections.append(Section(tuple(heading for _, heading in above), body))
        lines.clear()

    for line in text.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        close()
        level = len(heading[1])
        above = [(n, words) for n, words in above if n < level] + [(level, heading[2])]
    close()
    return sections


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    import yaml

    try:
        about = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        raise BadFile(f"its front matter is not valid YAML ({str(error).splitlines()[0]})") from error
    if not isinstance(about, dict):
        return {}, text  # a text between two rules
    return about, text[match.end() :]


def _title_from(sections: list[Section]) -> tuple[str, list[Section]]:
    return (sections[0].headings[0] if sections and sections[0].headings else ""), sections


def _without_title(section: Section, title: str) -> Section:
    """Drop the title where it is repeated as the top heading."""
    if section.headings[:1] == (title,):
        return Section(section.headings[1:], section.text)
    return section
