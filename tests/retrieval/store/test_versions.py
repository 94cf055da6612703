"""Earlier versions can be served again, a running reader follows, and any history equals a rebuild."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.errors import IndexDamaged, IngestBusy, UnknownVersion
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.search.filters import Filter
from retrieval.store import versions
from retrieval.store.content import read_content
from tests.retrieval.hashing import HashingEmbedder


def write(docs: Path, text: str) -> str:
    docs.mkdir(exist_ok=True)
    (docs / "lamp.md").write_text(text)
    return ingest([docs], docs.parent / "index", HashingEmbedder()).version


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for n in ("one", "two", "three"):
        write(tmp_path / "docs", f"A lamp with {n} bulb.")
    return tmp_path / "index"


def text(index: Index) -> str:
    return index.search("lamp", 1)[0].passage.text


def test_an_index_of_another_version_says_so(home: Path) -> None:
    manifest = versions.place(home, versions.current(home)) / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"format": {versions.FORMAT}', '"format": 1'))
    with pytest.raises(IndexDamaged, match=r"another version of this program \(format 1; .*--rebuild"):
        Index.open(home, HashingEmbedder())


def test_back_and_back_again_while_a_reader_follows(home: Path) -> None:
    index = Index.open(home, HashingEmbedder())
    assert versions.rollback(home) == "000004"
    index.refresh()
    assert (index.version, text(index)) == ("000004", "A lamp with two bulb.")
    assert versions.manifest(home, "000004")["content_of"] == "000002"
    versions.rollback(home, "000003")
    index.refresh()
    assert text(index) == "A lamp with three bulb."
    assert versions.kept(home) == ["000003", "000004", "000005"]


def test_the_next_ingest_reads_the_articles_as_they_are(home: Path, tmp_path: Path) -> None:
    versions.rollback(home)
    report = ingest([tmp_path / "docs"], home, HashingEmbedder())
    assert (report.changed, report.version) == (1, "000005")
    assert text(Index.open(home, HashingEmbedder())) == "A lamp with three bulb."


@pytest.mark.parametrize("name", ["000003", "000009", "../../etc"])
def test_only_an_earlier_version_can_be_gone_back_to(home: Path, name: str) -> None:
    with pytest.raises(UnknownVersion, match="000001, 000002"):
        versions.rollback(home, name)
    assert versions.current(home) == "000003"


def test_the_first_version_has_none_before_it(tmp_path: Path) -> None:
    write(tmp_path / "docs", "A lamp.")
    with pytest.raises(UnknownVersion, match="no earlier version"):
        versions.rollback(tmp_path / "index")


def test_not_while_an_ingest_writes(home: Path) -> None:
    with versions.lock(home), pytest.raises(IngestBusy):
        versions.rollback(home)


WORDS = ("lamp", "sofa", "return", "days", "运费", "退货", "E-42", "free")
TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
ARTICLE = st.tuples(TEXT, st.sampled_from(("public", "internal")), st.sampled_from(("Lamp", "Sofa")))
STEP = st.dictionaries(st.sampled_from("abcde"), st.none() | ARTICLE, min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=5))
def test_any_history_of_changes_equals_a_rebuild(steps: list[dict[str, tuple[str, str, str] | None]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        docs, home = Path(name) / "docs", Path(name) / "index"
        docs.mkdir()
        (docs / "always.md").write_text("# Always\n\nThis one stays.")
        for step in steps:
            for article, what in step.items():
                file = docs / f"{article}.md"
                file.unlink(missing_ok=True)
                if what is not None:
                    body, audience, product = what
                    about = f"---\naudience: {audience}\nproduct: {product}\n---\n"
                    file.write_text(f"{about}# {body.split()[0]}\n\n{body}")
            ingest([docs], home, HashingEmbedder())
        ingest([docs], Path(name) / "fresh", HashingEmbedder())
        assert_equal(home, Path(name) / "fresh")


def assert_equal(one: Path, other: Path) -> None:
    contents = [read_content(versions.place(folder, versions.current(folder))) for folder in (one, other)]
    passages = [sorted(content.passages, key=lambda p: p.id) for content in contents]
    assert passages[0] == passages[1]
    indexes = [Index.open(folder, HashingEmbedder()) for folder in (one, other)]
    for query in ("lamp return days", "退货运费", "E-42"):
        for where in (Filter(), Filter("internal"), Filter(product="Lamp")):
            first, second = (
                sorted(
                    (round(hit.score, 5), hit.passage.article) for hit in index.search(query, 20, where=where)
                )
                for index in indexes
            )
            assert [score for score, _ in first] == [score for score, _ in second]
