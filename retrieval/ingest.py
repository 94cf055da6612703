"""Bring an index up to date with files and folders of articles, embedding only what is new."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.articles.article import Article
from retrieval.articles.crawl import Pace
from retrieval.articles.metadata import language_code
from retrieval.articles.passage import Passage
from retrieval.articles.readers.rows import UNNAMED
from retrieval.articles.scan import FileArticle, Scan, scan
from retrieval.articles.sites import mirrored
from retrieval.articles.split import split
from retrieval.embed.embedder import Embedder
from retrieval.embed.load import load_embedder
from retrieval.embed.vector_cache import Embedded
from retrieval.errors import IndexMissing
from retrieval.languages.text import language_of
from retrieval.search.snapshot import check_embedder
from retrieval.store import versions
from retrieval.store.changes import Change, Entry, changes, under
from retrieval.store.content import Content, Record, embedded_text, read_content
from retrieval.vectors.backend import FAISS, clean_vectors, write_vectors
from retrieval.vectors.whitening import WHITENING_FILE, Whitening
from retrieval.words.lexical import Lexical
from retrieval.words.ngrams import passage_ngrams

if TYPE_CHECKING:
    import numpy as np

Progress = Callable[[int, int], None]
BATCH = 64  # texts embedded between two calls of the progress callback


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did: articles added, changed, removed and unchanged, and the files that failed.

    `passages` is the size of the whole index, `embedded` the number of texts that were really embedded,
    `failed` pairs of a file (with the line, for a row) and the reason, `notes` what was left out of a site,
    `changes` the articles that were added, changed or removed.
    """

    added: int
    changed: int
    removed: int
    unchanged: int
    passages: int
    embedded: int
    failed: list[tuple[str, str]]
    version: str
    changes: list[Change]
    notes: list[str]


def ingest(
    paths: Sequence[Path | str],
    folder: Path,
    embedder: Embedder | None = None,
    on_progress: Progress | None = None,
    *,
    rebuild: bool = False,
    store: str = FAISS,
    dry_run: bool = False,
    pace: Pace | None = None,
    on_page: Progress | None = None,
) -> IngestReport:
    """Read the articles under each path into the index in `folder` and publish it as a new version.

    A path that is a string is the address of a sitemap or of a site, which is crawled at this `pace`, with
    `on_page` called with (done, known) pages. A `dry_run` only reports what would change.

    What is no longer under a path is removed; articles of other paths stay, unless `rebuild` asks for an
    index of these paths alone. A file that cannot be read is reported, and its articles stay as they were.
    `on_progress` is called with (done, total) texts embedded; `store` is where vectors are searched, "faiss"
    or the address of a Qdrant server. Raises NothingToRead, IngestBusy, EmbedderMismatch, IndexDamaged,
    SiteUnreachable, EmbedderUnavailable or VectorsUnavailable, and the index is then as it was.
    """
    embedder = embedder or load_embedder()
    files = [path for path in paths if isinstance(path, Path)]
    result = scan(files, folder) if files else Scan()
    starts = [path for path in paths if isinstance(path, str)]
    pace = pace or Pace()
    with (
        nullcontext() if dry_run else versions.lock(folder),
        mirrored(starts, folder, pace, on_page, keep=not dry_run) as mirrors,
    ):
        if not dry_run:
            versions.clean(folder)
        for mirror in mirrors:
            result.extend(mirror.read())
        sources = {_relative(path.resolve(), folder.resolve()): str(path) for path in files}
        sources |= {_relative(mirror.place.resolve(), folder.resolve()): mirror.start for mirror in mirrors}
        notes = [note for mirror in mirrors for note in mirror.crawl.notes]
        version, old = ("", None) if rebuild else _read_old(folder, embedder)
        before = _entries(old)
        after = _merge(before, result, list(sources), folder.resolve())
        changed = changes(before, after, sources)
        moved = bool(version) and versions.manifest(folder, version).get("vectors", FAISS) != store
        content, embedded = None, 0
        if changed or moved or not version:
            texts = [passage for entry in after for passage in entry.passages]
            if dry_run:
                embedded = len(_new_texts(texts, old))
            else:
                vectors, embedded = _embed(texts, old, folder, embedder, on_progress)
                content = Content([entry.record for entry in after], texts, vectors)
        if content is not None:
            written = content
            version = versions.publish(folder, lambda where: _write(where, written, embedder, store))
            versions.clean(folder)
            clean_vectors(folder, store)
    return IngestReport(
        **_count(changed, after),
        passages=sum(len(entry.passages) for entry in after),
        embedded=embedded,
        failed=result.failed,
        version=version,
        changes=changed,
        notes=notes,
    )


def _count(changed: list[Change], after: list[Entry]) -> dict[str, int]:
    kinds = [change.kind for change in changed]
    counts = {kind: kinds.count(kind) for kind in ("added", "changed", "removed")}
    return counts | {"unchanged": len(after) - counts["added"] - counts["changed"]}


def _read_old(folder: Path, embedder: Embedder) -> tuple[str, Content | None]:
    try:
        version = versions.current(folder)
    except IndexMissing:
        return "", None
    check_embedder(folder, versions.manifest(folder, version), embedder)
    return version, read_content(versions.place(folder, version))


def _entries(content: Content | None) -> list[Entry]:
    if content is None:
        return []
    passages = iter(content.passages)
    return [Entry(record, [next(passages) for _ in range(record.passages)]) for record in content.records]


def _merge(before: list[Entry], result: Scan, prefixes: list[str], folder: Path) -> list[Entry]:
    """The articles that stay because nobody looked at them, then those that were read."""
    unreadable = {_relative(file, folder) for file in result.unreadable}
    stay = [
        entry
        for entry in before
        if entry.record.file in unreadable or not any(under(entry.record.file, root) for root in prefixes)
    ]
    known = {(entry.record.file, entry.record.row): entry for entry in before}
    taken = {entry.record.id for entry in stay}
    read = [(_key(found, folder), found) for found in result.found]
    taken |= {known[key].record.id for key, _ in read if key in known}
    return stay + [_entry(found, key, known.get(key), taken) for key, found in read]


def _entry(found: FileArticle, key: tuple[str, str], old: Entry | None, taken: set[str]) -> Entry:
    content_hash = found.article.content_hash
    if old is not None and old.record.content_hash == content_hash:
        return old
    name = old.record.id if old is not None else next(name for name in _names(found) if name not in taken)
    taken.add(name)
    passages = _passages(name, found.article)
    return Entry(Record(name, *key, content_hash, len(passages)), passages)


def _names(found: FileArticle) -> Iterator[str]:
    """Ids for a new article, the plainest first; the others are for when that one is taken."""
    whole = found.file.relative_to(found.root) if found.file != found.root else Path(found.file.name)
    above = found.root.name if found.file != found.root else found.root.parent.name
    row = found.article.row
    plain = whole.with_suffix("").as_posix()
    if row and not row.startswith(UNNAMED):
        yield row
        plain += UNNAMED
    plain += row
    yield plain
    yield f"{above}/{plain}"
    yield from (f"{above}/{plain}-{n}" for n in range(2, 1_000_000))


def _passages(name: str, article: Article) -> list[Passage]:
    passages: list[Passage] = []
    for n, piece in enumerate(split(article), 1):
        language = language_code(article.language) or language_of(f"{article.title}\n{piece.text}")
        heading = " > ".join(piece.headings)
        passages.append(
            Passage(
                f"{name}#{n}",
                name,
                article.title,
                heading,
                piece.text,
                article.url,
                language,
                article.tags,
                article.product,
                article.audience,
            )
        )
    return passages


def _embed(
    passages: list[Passage],
    old: Content | None,
    folder: Path,
    embedder: Embedder,
    on_progress: Progress | None,
) -> tuple[np.ndarray, int]:
    """One vector for each passage, those of known texts taken from the old version or an earlier one."""
    import numpy as np

    known = _known_texts(old)
    texts = [embedded_text(passage) for passage in passages]
    embedded = Embedded(folder, embedder)
    fresh = embedded.known(list({text for text in texts if text not in known}))
    # Texts of like length together, so that little of a batch is padding.
    new = sorted(_new_texts(passages, old) - fresh.keys(), key=len)
    for start in range(0, len(new), BATCH):
        part = new[start : start + BATCH]
        fresh |= zip(part, embedded.encode(part), strict=True)
        if on_progress is not None:
            on_progress(start + len(part), len(new))
    vectors = np.zeros((len(texts), embedder.dimension), dtype=np.float32)
    for i, text in enumerate(texts):
        vectors[i] = old.vectors[known[text]] if old and text in known else fresh[text]
    embedded.close(len(passages))
    return vectors, len(new)


def _known_texts(old: Content | None) -> dict[str, int]:
    return {embedded_text(passage): i for i, passage in enumerate(old.passages)} if old else {}


def _new_texts(passages: list[Passage], old: Content | None) -> set[str]:
    """The texts that must be embedded."""
    known = _known_texts(old)
    return {text for text in map(embedded_text, passages) if text not in known}


def _write(where: Path, content: Content, embedder: Embedder, store: str) -> dict[str, Any]:
    content.write(where)
    Lexical.build(content.passages).save(where / "words")
    Lexical.build(content.passages, passage_ngrams).save(where / "pieces")
    languages = [passage.language for passage in content.passages]
    Whitening.of(content.vectors, languages).save(where / WHITENING_FILE)
    write_vectors(where, store, content.vectors, languages)
    return {
        "vectors": store,
        "embedder": embedder.name,
        "dimension": embedder.dimension,
        "articles": len(content.records),
        "passages": len(content.passages),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _key(found: FileArticle, folder: Path) -> tuple[str, str]:
    return _relative(found.file, folder), found.article.row


def _relative(path: Path, folder: Path) -> str:
    """A path as seen from the index, a resolved path too, so that both can be moved together."""
    return Path(os.path.relpath(path, folder)).as_posix()
