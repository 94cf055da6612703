"""What an ingest changes, article by article, with titles and the source that each came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from retrieval.articles.passage import Passage
from retrieval.store.content import Record

Kind = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """An article of a version: its record and its passages."""

    record: Record
    passages: list[Passage]

    @property
    def title(self) -> str:
        """The title, or the id where there is none."""
        return (self.passages[0].title if self.passages else "") or self.record.id


@dataclass(frozen=True, slots=True)
class Change:
    """An article that is not as it was; `source` is the path or address under which it was looked for."""

    kind: Kind
    article: str
    title: str
    source: str


def changes(before: Iterable[Entry], after: Iterable[Entry], sources: dict[str, str]) -> list[Change]:
    """The changes in the order of the sources; `sources` maps a root, as records see it, to its name."""
    old = {entry.record.id: entry for entry in before}
    new = {entry.record.id: entry for entry in after}
    found: list[Change] = []
    for name, entry in new.items():
        if name not in old:
            found.append(_change("added", entry, sources))
        elif old[name].record.content_hash != entry.record.content_hash:
            found.append(_change("changed", entry, sources))
    found += [_change("removed", entry, sources) for name, entry in old.items() if name not in new]
    order = {source: n for n, source in enumerate([*sources.values(), ""])}
    return sorted(found, key=lambda change: order[change.source])


def under(file: str, root: str) -> bool:
    """Whether a file lies in a folder, or is it; both as seen from the index."""
    rest = file.removeprefix(f"{root}/")
    return file == root or (rest != file and not rest.startswith("../"))


def _change(kind: Kind, entry: Entry, sources: dict[str, str]) -> Change:
    found = (name for root, name in sources.items() if under(entry.record.file, root))
    return Change(kind, entry.record.id, entry.title, next(found, ""))
