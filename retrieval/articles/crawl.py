"""Fetch the pages of one site politely: robots.txt, one host, a pause between requests, only what changed."""

from __future__ import annotations

import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urljoin, urlsplit

from retrieval.errors import SiteUnreachable

if TYPE_CHECKING:
    import httpx

AGENT = "support-chatbot"
LARGEST = 5_000_000  # bytes of a page
LARGEST_SITEMAP = 50_000_000  # what the sitemap protocol allows
PATIENCE = 60.0  # seconds that a site may ask us to wait with Retry-After
REDIRECTS = 5
SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "application/pdf": ".pdf",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two requests (robots.txt may ask for more) and the most pages of a site."""

    delay: float = 0.5
    most: int = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """A fetched page; `body` is None when the site says that it is as it was."""

    url: str
    suffix: str
    body: bytes | None
    etag: str = ""
    modified: str = ""


@dataclass(slots=True)
class Crawl:
    """What a crawl saw: failures as (url, reason), and sentences about what was left out."""

    failed: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Refused(Exception):
    """One page cannot be had.

    `gone`: there is no such page any more; `barred`: there is one, but it is not for us.
    """

    def __init__(self, reason: str, *, gone: bool = False, barred: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone
        self.barred = barred


class Site:
    """One host, asked one request at a time."""

    def __init__(self, start: str, pace: Pace) -> None:
        import httpx

        self.start = urldefrag(start)[0]
        self.pace = pace
        self._client = httpx.Client(headers={"User-Agent": AGENT}, timeout=20)
        self._last = 0.0
        self._robots: Any = None
        self._delay = pace.delay

    def __enter__(self) -> Site:
        """Read robots.txt. Raises SiteUnreachable when it cannot be had or forbids the start."""
        from protego import Protego

        try:
            status, _, body = self._request(urljoin(self.start, "/robots.txt"), {}, LARGEST)
        except Refused as error:
            self._client.close()
            raise SiteUnreachable(
                f"{self.start} cannot be fetched ({error}): check the address and try again."
            ) from error
        if status >= 500:
            self._client.close()
            raise SiteUnreachable(
                f"robots.txt of {self.start} cannot be fetched ({status}): a site that cannot say what it "
                "allows is left alone; try again later."
            )
        self._robots = Protego.parse(body.decode("utf-8", "replace") if status == 200 else "")
        self._delay = max(self._delay, self._robots.crawl_delay(AGENT) or 0.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def mine(self, url: str) -> bool:
        """Whether a link leads to this host, this port and this protocol."""
        here, there = urlsplit(self.start), urlsplit(url)
        return (here.scheme, here.netloc.lower()) == (there.scheme, there.netloc.lower())

    def allowed(self, url: str) -> bool:
        """Whether robots.txt lets us fetch it."""
        return bool(self._robots.can_fetch(url, AGENT))

    def get(
        self, url: str, known: dict[str, str], largest: int = LARGEST
    ) -> tuple[str, httpx.Headers, bytes | None]:
        """Fetch a page as (final url, headers, body), the body None when it is unchanged. Raises Refused."""
        for _ in range(REDIRECTS):
            if not self.mine(url):
                raise Refused("it leads to another host", barred=True)
            if not self.allowed(url):
                raise Refused("robots.txt does not allow it", barred=True)
            status, headers, body = self._request(url, known, largest)
            if status == 304:
                return url, headers, None
            if status in (301, 302, 303, 307, 308):
                url, known = urldefrag(urljoin(url, headers.get("location", "")))[0], {}
                continue
            if status != 200:
                raise Refused(f"the site answers {status}", gone=status in (404, 410))
            return url, headers, body
        raise Refused("it redirects in circles")

    def _request(
        self, url: str, known: dict[str, str], largest: int, patient: bool = True
    ) -> tuple[int, httpx.Headers, bytes]:
        import httpx

        time.sleep(max(0.0, self._last + self._delay - time.monotonic()))
        try:
            with self._client.stream("GET", url, headers=known) as response:
                body = b""
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > largest:
                        raise Refused(f"it is larger than {largest:,} bytes")
                status, headers = response.status_code, response.headers
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Refused(str(error) or type(error).__name__) from error
        finally:
            self._last = time.monotonic()
        wait = headers.get("retry-after", "1")
        if patient and status in (429, 503) and wait.isdigit() and int(wait) <= PATIENCE:
            time.sleep(int(wait))
            return self._request(url, known, largest, patient=False)
        return status, headers, body


def crawl(
    site: Site,
    known: Callable[[str], dict[str, str]],
    cached: Callable[[str], bytes],
    take: Callable[[Page], None],
    keep: Callable[[str], bool],
    on_progress: Callable[[int, int], None] | None = None,
) -> Crawl:
    """Give every page of the site to `take`: those that a sitemap lists, else those that links lead to.

    `known` gives the conditional headers for a page fetched before and `cached` its old body; `keep` is told
    of a page that fails for now. Links are followed below the folder of the start.
    """
    seen = Crawl()
    listed = _sitemap(site, seen)
    follow = listed is None
    below = site.start.rpartition("/")[0] + "/" if urlsplit(site.start).path else site.start
    queue = deque([site.start] if listed is None else listed)
    queued, done = set(queue), 0
    while queue and done < site.pace.most:
        url = queue.popleft()
        try:
            final, headers, body = site.get(url, known(url))
        except Refused as error:
            if error.barred:
                seen.notes.append(f"{url}: {error}.")
            elif not error.gone:
                keep(url)
                seen.failed.append((url, str(error)))
            continue
        suffix = SUFFIXES.get(headers.get("content-type", "text/html").partition(";")[0].strip().lower(), "")
        if body is None or suffix:
            done += 1
            take(Page(url, suffix, body, headers.get("etag", ""), headers.get("last-modified", "")))
        if follow and (suffix == ".html" or body is None):
            links = _links(cached(url) if body is None else body, final)
            for link in links:
                if link not in queued and site.mine(link) and link.startswith(below):
                    queued.add(link)
                    queue.append(link)
        if on_progress is not None:
            on_progress(done, min(len(queued), site.pace.most))
    if queue:
        seen.notes.append(f"{site.start}: stopped after {done} pages; more with --max-pages.")
    return seen


def _links(body: bytes, base: str) -> Iterable[str]:
    from bs4 import BeautifulSoup

    for anchor in BeautifulSoup(body, "lxml").find_all("a", href=True):
        try:
            link = urldefrag(urljoin(base, str(anchor["href"]).strip()))[0]
        except ValueError:
            continue
        if link.startswith(("http://", "https://")) and "nofollow" not in (anchor.get("rel") or ()):
            yield link


def _sitemap(site: Site, seen: Crawl) -> list[str] | None:
    """The pages that a sitemap lists, those of nested sitemaps too; None when the start is no sitemap."""
    pages: dict[str, None] = {}
    maps, read = deque([site.start]), {site.start}
    others = 0
    while maps:
        url = maps.popleft()
        try:
            kind, links = _locations(site.get(url, {}, LARGEST_SITEMAP)[2] or b"")
        except Refused as error:
            if url == site.start:
                raise SiteUnreachable(f"{url} cannot be fetched: {error}; check the address.") from error
            seen.failed.append((url, str(error)))
            continue
        if not kind and url == site.start:
            return None
        for link in links:
            if not site.mine(link):
                others += 1
            elif kind == "urlset":
                pages.setdefault(urldefrag(link)[0])
            elif link not in read:
                read.add(link)
                maps.append(link)
    if others:
        seen.notes.append(f"{site.start}: {others} links to other hosts were left out.")
    return list(pages)


def _locations(body: bytes) -> tuple[str, list[str]]:
    """The kind of a sitemap (urlset, sitemapindex, or "" when it is none) and its links."""
    from lxml import etree

    if body[:2] == b"\x1f\x8b":
        try:
            body = zlib.decompressobj(31).decompress(body, LARGEST_SITEMAP)
        except zlib.error as error:
            raise Refused("it is not a readable .gz file") from error
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return "", []
    kind = etree.QName(root).localname if root is not None else ""
    found = root.iterfind("{*}*/{*}loc") if kind in ("urlset", "sitemapindex") else ()
    return kind if kind in ("urlset", "sitemapindex") else "", [(loc.text or "").strip() for loc in found]
