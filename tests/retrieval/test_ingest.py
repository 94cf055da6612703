"""Ingest embeds only what is new, removes what is gone, and leaves the index alone when it cannot finish."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from retrieval.errors import EmbedderMismatch, IngestBusy, NothingToRead
from retrieval.index import Index
from retrieval.ingest import IngestReport, ingest
from retrieval.store import versions
from tests.killing import kill
from tests.retrieval.hashing import HashingEmbedder


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    for name, text in {
        "returns/lamp.md": "# Lamps\n\nA lamp can be returned within 30 days.",
        "delivery.txt": "Delivery\n\nParcels arrive within three days.",
        "faq.csv": "id,question,answer\nq1,Is it free?,Delivery is free.\nq2,能退货吗？,三十天内可以退货。\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "index"


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.removed, report.unchanged


def articles(home: Path) -> set[str]:
    return {passage.article for passage in Index.open(home, HashingEmbedder()).passages}


def test_first_ingest(docs: Path, home: Path) -> None:
    embedder = HashingEmbedder()
    steps: list[tuple[int, int]] = []
    report = ingest([docs], home, embedder, lambda done, total: steps.append((done, total)))
    assert counts(report) == (4, 0, 0, 0)
    assert report.passages == report.embedded == len(embedder.encoded) == 4
    assert steps[-1] == (4, 4)
    assert articles(home) == {"returns/lamp", "delivery", "q1", "q2"}


def test_unchanged_text_is_not_embedded_again(docs: Path, home: Path) -> None:
    first = ingest([docs], home, HashingEmbedder())
    embedder = HashingEmbedder()
    again = ingest([docs], home, embedder)
    assert counts(again) == (0, 0, 0, 4)
    assert embedder.encoded == []
    assert again.version == first.version


def test_only_the_changed_article_is_embedded(docs: Path, home: Path) -> None:
    ingest([docs], home, HashingEmbedder())
    (docs / "delivery.txt").write_text("Delivery\n\nParcels arrive within five days.")
    embedder = HashingEmbedder()
    assert counts(ingest([docs], home, embedder)) == (0, 1, 0, 3)
    assert len(embedder.encoded) == 1
    assert "five" in embedder.encoded[0]


def test_a_renamed_file_is_not_embedded_again(docs: Path, home: Path) -> None:
    ingest([docs], home, HashingEmbedder())
    (docs / "returns" / "lamp.md").rename(docs / "lamps.md")
    embedder = HashingEmbedder()
    assert counts(ingest([docs], home, embedder)) == (1, 0, 1, 3)
    assert embedder.encoded == []
    (hit,) = Index.open(home, HashingEmbedder()).search("lamp returned", k=1)
    assert hit.passage.article == "lamps"
    assert hit.dense > 0.5  # the vector moved with its text


def test_what_vanished_under_a_root_goes_and_other_roots_stay(docs: Path, home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "gifts.md").write_text("Gift cards never expire.")
    ingest([docs, other], home, HashingEmbedder())
    (docs / "delivery.txt").unlink()
    assert counts(ingest([docs], home, HashingEmbedder())) == (0, 0, 1, 4)
    assert articles(home) == {"returns/lamp", "q1", "q2", "gifts"}


def test_a_file_is_a_root_too(docs: Path, home: Path) -> None:
    ingest([docs], home, HashingEmbedder())
    (docs / "faq.csv").write_text("id,question,answer\nq1,Is it free?,Delivery is free.\n")
    assert counts(ingest([docs / "faq.csv"], home, HashingEmbedder())) == (0, 0, 1, 3)


def test_equal_names_in_two_roots(home: Path, tmp_path: Path) -> None:
    for folder in ("en", "zh"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "faq.md").write_text(f"Text of {folder}.")
        (tmp_path / folder / "faq.csv").write_text(f"id,title,text\n1,one,Row of {folder}.\n")
    paths = [tmp_path / "en", tmp_path / "zh"]
    ingest(paths, home, HashingEmbedder())
    assert articles(home) == {"faq", "1", "zh/faq", "faq/1"}
    assert counts(ingest(list(reversed(paths)), home, HashingEmbedder())) == (0, 0, 0, 4)


def test_rows_without_an_id_are_named_by_their_file(home: Path, tmp_path: Path) -> None:
    (tmp_path / "faq.csv").write_text("question,answer\nA?,Yes.\nB?,No.\n")
    ingest([tmp_path / "faq.csv"], home, HashingEmbedder())
    assert articles(home) == {"faq/1", "faq/2"}


def test_bad_files_are_told_and_the_rest_goes_in(docs: Path, home: Path) -> None:
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    (docs / "latin.md").write_bytes("Caf\u00e9".encode("latin-1"))
    (docs / "rows.jsonl").write_text('{"id": "j1", "text": "A row."}\n{"id": "j2", "te')
    report = ingest([docs], home, HashingEmbedder())
    assert report.added == 5
    assert sorted(Path(file).name for file, _ in report.failed) == [
        "broken.pdf",
        "latin.md",
        "rows.jsonl, line 2",
    ]
    assert all(reason for _, reason in report.failed)


def test_an_article_stays_when_its_file_cannot_be_read_any_more(docs: Path, home: Path) -> None:
    ingest([docs], home, HashingEmbedder())
    (docs / "delivery.txt").write_bytes(b"\xff\xff\xff")
    report = ingest([docs], home, HashingEmbedder())
    assert counts(report) == (0, 0, 0, 4)
    assert len(report.failed) == 1


def test_nothing_to_read_leaves_the_index(docs: Path, home: Path, tmp_path: Path) -> None:
    version = ingest([docs], home, HashingEmbedder()).version
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.txt").write_bytes(b"")
    for name in ("empty", "bad", "absent"):
        with pytest.raises(NothingToRead, match=name):
            ingest([docs, tmp_path / name] if name != "bad" else [tmp_path / name], home, HashingEmbedder())
    assert Index.open(home, HashingEmbedder()).version == version


def test_the_index_is_not_read_as_an_article(docs: Path) -> None:
    ingest([docs], docs / ".." / "docs" / "index", HashingEmbedder())
    assert counts(ingest([docs], docs / "index", HashingEmbedder())) == (0, 0, 0, 4)


def test_articles_and_index_can_be_moved_together(docs: Path, home: Path, tmp_path: Path) -> None:
    ingest([docs], home, HashingEmbedder())
    moved = tmp_path / "moved"
    moved.mkdir()
    docs.rename(moved / "docs")
    home.rename(moved / "index")
    assert counts(ingest([moved / "docs"], moved / "index", HashingEmbedder())) == (0, 0, 0, 4)


def test_another_embedder_is_refused_until_a_rebuild(docs: Path, home: Path) -> None:
    ingest([docs], home, HashingEmbedder())
    other = HashingEmbedder("other", 32)
    with pytest.raises(EmbedderMismatch, match="--rebuild"):
        ingest([docs], home, other)
    with pytest.raises(EmbedderMismatch, match=r"hashing.*--rebuild"):
        Index.open(home, other)
    assert ingest([docs], home, other, rebuild=True).embedded == 4
    assert Index.open(home, other).search("lamp")


def test_two_ingests_at_once(docs: Path, home: Path) -> None:
    with versions.lock(home), pytest.raises(IngestBusy, match="again"):
        ingest([docs], home, HashingEmbedder())
    assert ingest([docs], home, HashingEmbedder()).added == 4


def test_old_versions_and_leftovers_go(docs: Path, home: Path) -> None:
    for n in range(4):
        (docs / "delivery.txt").write_text(f"Delivery\n\nParcels arrive within {n} days.")
        ingest([docs], home, HashingEmbedder())
    assert sorted(os.listdir(home / "versions")) == ["000002", "000003", "000004"]
    (home / "versions" / "000005").mkdir()
    (home / "CURRENT.new").write_text("000005")
    ingest([docs], home, HashingEmbedder())
    assert sorted(os.listdir(home / "versions")) == ["000002", "000003", "000004"]
    assert not list(home.glob("*.new"))


def test_killed_at_any_moment_a_whole_version_serves(tmp_path: Path) -> None:
    assert kill(times=6, seed=7, folder=tmp_path)["killed during an ingest"] > 0


@pytest.mark.parametrize("step", ["write_text", "fsync", "replace"])
def test_stopped_between_any_two_steps_the_old_version_serves(
    docs: Path, home: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    old = ingest([docs], home, HashingEmbedder()).version
    (docs / "new.txt").write_text("Something new about lamps.")
    owner = Path if step == "write_text" else os
    real = getattr(owner, step)
    for calls in range(1, 30):
        left = [calls]

        def stop(*arguments: object, left: list[int] = left) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            return real(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(owner, step, stop)
            try:
                ingest([docs], home, HashingEmbedder())
            except KeyboardInterrupt:
                index = Index.open(home, HashingEmbedder())
                assert (index.version == old) == (len(index.passages) == 4)
                continue
        break
    assert calls > 1
    assert len(Index.open(home, HashingEmbedder()).passages) == 5
