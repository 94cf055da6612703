"""Keep a copy of each crawled site beside the index, so that the next visit fetches only what changed."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from retrieval.articles.crawl import Crawl, Pace, Page, Site, crawl
from retrieval.articles.scan import FileArticle, Scan, scan
from retrieval.errors import NothingToRead

SITES = "sites"  # the folder inside the index
MANIFEST = ".site.json"  # the dot keeps it from being read as an article
_UNSAFE = re.compile(r"[^\w.-]+")
_ENDING = re.compile(r"\.(html?|php|aspx?|md|txt|pdf)$", re.I)


@dataclass(slots=True)
class Mirror:
    """The new copy of a site in `building`; `place` is where it will be, and where its articles are from."""

    start: str
    place: Path
    building: Path
    pages: dict[str, dict[str, str]]
    crawl: Crawl

    def read(self) -> Scan:
        """The articles of the copy; each has the address of its page."""
        urls = {about["file"]: url for url, about in self.pages.items()}
        result = scan([self.building], self.place)
        result.found = [self._placed(found, urls) for found in result.found]
        result.unreadable = {self.place / file.relative_to(self.building) for file in result.unreadable}
        result.failed = [
            (urls.get(Path(file).relative_to(self.building).as_posix(), file), reason)
            for file, reason in result.failed
        ] + self.crawl.failed
        return result

    def _placed(self, found: FileArticle, urls: dict[str, str]) -> FileArticle:
        file = found.file.relative_to(self.building)
        url = urls[file.as_posix()]
        article = replace(found.article, url=urljoin(url, found.article.url))
        return FileArticle(self.place, self.place / file, article)


def mirror_place(start: str, folder: Path) -> Path:
    """Where the copy of a site lies: a folder named by its host and address."""
    name = _UNSAFE.sub("-", urlsplit(start).netloc)
    return folder.resolve() / SITES / f"{name}-{sha256(start.encode()).hexdigest()[:8]}"


@contextmanager
def mirrored(
    starts: Sequence[str],
    folder: Path,
    pace: Pace,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    keep: bool = True,
) -> Iterator[list[Mirror]]:
    """Crawl the sites; with `keep` their copies replace the old ones when nothing was raised.

    Raises SiteUnreachable, and NothingToRead when a site has no page.
    """
    with ExitStack() as stack:
        if starts and keep:
            (folder / SITES).mkdir(parents=True, exist_ok=True)
            for leftover in (folder / SITES).glob(".building-*"):
                shutil.rmtree(leftover, ignore_errors=True)
        home = folder.resolve() / SITES if keep else None
        mirrors = []
        for start in starts:
            building = Path(
                stack.enter_context(
                    tempfile.TemporaryDirectory(prefix=".building-", dir=home, ignore_cleanup_errors=True)
                )
            )
            mirrors.append(_fetch(start, mirror_place(start, folder), building / "site", pace, on_progress))
        yield mirrors
        for mirror in mirrors if keep else []:
            _publish(mirror)


def _fetch(
    start: str, place: Path, building: Path, pace: Pace, on_progress: Callable[[int, int], None] | None
) -> Mirror:
    old = _old_pages(place)
    pages: dict[str, dict[str, str]] = {}
    building.mkdir()

    def known(url: str) -> dict[str, str]:
        about = old.get(url, {})
        headers = {"If-None-Match": about.get("etag", ""), "If-Modified-Since": about.get("modified", "")}
        return {name: value for name, value in headers.items() if value}

    def keep(url: str) -> bool:
        if url in old:
            pages[url] = old[url]
            _put(building / old[url]["file"], (place / old[url]["file"]).read_bytes())
        return url in old

    def take(page: Page) -> None:
        if page.body is None:
            keep(page.url)
            return
        file = _file(page, {about["file"] for about in pages.values()})
        pages[page.url] = {"file": file, "etag": page.etag, "modified": page.modified}
        _put(building / file, page.body)

    with Site(start, pace) as site:
        seen = crawl(
            site, known, lambda url: (place / old[url]["file"]).read_bytes(), take, keep, on_progress
        )
    if not pages:
        reasons = "; ".join(reason for _, reason in seen.failed[:3]) or "it lists none"
        raise NothingToRead(f"{start} has no page that can be read ({reasons}): the index is left as it was.")
    (building / MANIFEST).write_text(json.dumps({"start": start, "pages": pages}, ensure_ascii=False))
    return Mirror(start, place, building, pages, seen)


def _old_pages(place: Path) -> dict[str, dict[str, str]]:
    """The pages of the copy by address; none when there is no whole copy, which is then fetched anew."""
    try:
        pages = json.loads((place / MANIFEST).read_text())["pages"]
        return {url: about for url, about in pages.items() if (place / about["file"]).is_file()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}


def _publish(mirror: Mirror) -> None:
    """Put the new copy in place; killed in between there is none, and the next visit fetches all."""
    shutil.rmtree(mirror.place, ignore_errors=True)
    mirror.building.rename(mirror.place)


def _file(page: Page, taken: set[str]) -> str:
    """A path like that of the address, with nothing in it that could lead outside the copy."""
    parts = urlsplit(page.url)
    names = [_UNSAFE.sub("-", name).strip(".-")[:100] for name in unquote(parts.path).split("/")]
    path = _ENDING.sub("", "/".join(name for name in names if name)) or "index"
    digest = sha256(page.url.encode()).hexdigest()[:8]
    path += f"-{digest}" if parts.query or f"{path}{page.suffix}" in taken else ""
    return f"{path}{page.suffix}"


def _put(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
