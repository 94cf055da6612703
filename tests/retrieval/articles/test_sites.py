"""A site is crawled as it allows, never beyond its host, and the second time only what changed is fetched."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from retrieval.articles.crawl import Pace
from retrieval.errors import NothingToRead, SiteUnreachable
from retrieval.index import Index
from retrieval.ingest import IngestReport, ingest
from tests.retrieval.hashing import HashingEmbedder


class Shop:
    """A small web server: `pages` may be changed while it runs, `asked` is what was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, str | bytes, dict[str, str]]] = {}
        self.asked: list[tuple[str, int]] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body, headers = shop.pages.get(self.path, (404, "", {}))
                if headers.get("ETag") and self.headers["If-None-Match"] == headers["ETag"]:
                    status, body = 304, ""
                shop.asked.append((self.path, status))
                data = body if isinstance(body, bytes) else body.encode()
                self.send_response(status)
                for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def put(self, path: str, text: str | bytes, status: int = 200, **headers: str) -> None:
        self.pages[path] = (status, text, {name.replace("_", "-"): value for name, value in headers.items()})

    def sitemap(self, *paths: str) -> None:
        locations = "".join(f"<url><loc>{p if '://' in p else self.address + p}</loc></url>" for p in paths)
        self.put(
            "/sitemap.xml",
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{locations}</urlset>',
            Content_Type="application/xml",
        )

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def page(title: str, text: str) -> str:
    return f"<html><body><nav>Menu</nav><main><h1>{title}</h1><p>{text}</p></main></body></html>"


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    shop.put("/help/a", page("Returns", "Within 30 days."), ETag='"a1"')
    shop.put("/help/b", page("Delivery", "In three days."), ETag='"b1"')
    shop.sitemap("/help/a", "/help/b")
    yield shop
    shop.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "index"


def sync(
    shop: Shop, home: Path, path: str = "/sitemap.xml", most: int = 100, dry: bool = False
) -> IngestReport:
    shop.asked.clear()
    return ingest([shop.address + path], home, HashingEmbedder(), pace=Pace(0, most), dry_run=dry)


def titles(report: IngestReport) -> list[tuple[str, str]]:
    return [(change.kind, change.title) for change in report.changes]


def test_a_second_visit_fetches_and_shows_what_changed(shop: Shop, home: Path) -> None:
    first = sync(shop, home)
    assert titles(first) == [("added", "Returns"), ("added", "Delivery")]
    assert {change.source for change in first.changes} == {f"{shop.address}/sitemap.xml"}
    (hit,) = Index.open(home, HashingEmbedder()).search("30 days", 1)
    assert (hit.passage.article, hit.passage.url) == ("help/a", f"{shop.address}/help/a")
    assert sync(shop, home).version == first.version
    assert [asked for asked in shop.asked if "help" in asked[0]] == [("/help/a", 304), ("/help/b", 304)]
    shop.put("/help/a", page("Returns", "Within 60 days."), ETag='"a2"')
    shop.put("/help/c", page("Gifts", "Wrapped."))
    shop.sitemap("/help/a", "/help/c")
    expected = [("changed", "Returns"), ("added", "Gifts"), ("removed", "Delivery")]
    assert titles(sync(shop, home, dry=True)) == expected
    assert Index.open(home, HashingEmbedder()).version == first.version
    assert titles(sync(shop, home)) == expected


def test_a_dry_run_before_the_first_visit_leaves_nothing(shop: Shop, home: Path) -> None:
    assert sync(shop, home, dry=True).added == 2
    assert not home.exists()


def test_robots_and_other_hosts_are_respected(shop: Shop, home: Path) -> None:
    shop.put("/robots.txt", "User-agent: *\nDisallow: /help/*b\n", Content_Type="text/plain")
    shop.put("/help/away", "", 302, Location="http://localhost:9/x")
    shop.sitemap("/help/a", "/help/b", "/help/away", "http://other.example/secret")
    report = sync(shop, home)
    assert titles(report) == [("added", "Returns")]
    assert "/help/b" not in [path for path, _ in shop.asked]
    assert report.failed == []
    assert any("it leads to another host" in note for note in report.notes)
    assert any("robots.txt" in note for note in report.notes)
    assert any("1 links to other hosts" in note for note in report.notes)


def test_links_are_followed_below_the_start_up_to_the_limit(shop: Shop, home: Path) -> None:
    links = '<a href="a">a</a><a href="b#part">b</a><a href="/shop/">s</a><a href="http://o.example/">o</a>'
    shop.put("/help/", page("Help", "Start.") + links, ETag='"h"')
    report = sync(shop, home, "/help/")
    assert {title for _, title in titles(report)} == {"Help", "Returns", "Delivery"}
    assert "/shop/" not in [path for path, _ in shop.asked]
    assert sync(shop, home, "/help/").unchanged == 3  # the links of an unchanged page are those of its copy
    few = sync(shop, home, "/help/", most=2)
    assert few.removed == 1
    assert "--max-pages" in few.notes[0]


def test_a_page_that_fails_for_now_stays_and_one_that_is_gone_goes(shop: Shop, home: Path) -> None:
    sync(shop, home)
    shop.put("/help/a", "", 500)
    shop.put("/help/b", "", 410)
    report = sync(shop, home)
    assert titles(report) == [("removed", "Delivery")]
    assert report.failed == [(f"{shop.address}/help/a", "the site answers 500")]
    shop.put("/help/a", page("Returns", "Within 30 days."), ETag='"a1"')
    assert sync(shop, home).unchanged == 1
    assert ("/help/a", 304) in shop.asked


def test_a_busy_site_is_asked_again_when_it_says_so(shop: Shop, home: Path) -> None:
    shop.put("/help/a", "", 503, Retry_After="0")
    assert sync(shop, home).added == 1
    assert [path for path, _ in shop.asked].count("/help/a") == 2


def test_nested_and_packed_sitemaps(shop: Shop, home: Path) -> None:
    body = shop.pages["/sitemap.xml"][1]
    assert isinstance(body, str)
    shop.put("/one.xml.gz", gzip.compress(body.encode()), Content_Type="application/gzip")
    shop.put(
        "/sitemap.xml",
        f"<sitemapindex><sitemap><loc>{shop.address}/one.xml.gz</loc></sitemap></sitemapindex>",
    )
    assert sync(shop, home).added == 2


@pytest.mark.parametrize(
    ("path", "text", "status"), [("/robots.txt", "", 500), ("/robots.txt", "User-agent: *\nDisallow: /", 200)]
)
def test_a_site_that_does_not_want_it_is_left_alone(
    shop: Shop, home: Path, path: str, text: str, status: int
) -> None:
    shop.put(path, text, status, Content_Type="text/plain")
    with pytest.raises(SiteUnreachable, match=r"robots\.txt"):
        sync(shop, home)
    assert len([path for path, _ in shop.asked if path != "/robots.txt"]) == 0


def test_an_empty_site_and_an_absent_one_leave_the_index(shop: Shop, home: Path) -> None:
    version = sync(shop, home).version
    shop.sitemap()
    with pytest.raises(NothingToRead, match="left as it was"):
        sync(shop, home)
    shop.sitemap("/help/a", "/help/b")
    assert sync(shop, home).version == version
    shop.pages.pop("/sitemap.xml")
    with pytest.raises(SiteUnreachable, match="404"):
        sync(shop, home)


def test_the_copy_is_not_read_with_the_folder_around_it(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "x.md").write_text("Text.")
    sync(shop, tmp_path / "docs" / "index")
    report = ingest([tmp_path / "docs"], tmp_path / "docs" / "index", HashingEmbedder())
    assert (report.added, report.removed, report.unchanged) == (1, 0, 2)
