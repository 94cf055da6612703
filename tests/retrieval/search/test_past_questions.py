"""Past questions: written whole or not at all, found by meaning, judged without themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import IndexDamaged
from retrieval.search.past_questions import (
    NEIGHBOURS,
    PastQuestion,
    PastQuestions,
    Precedent,
    by_article,
    past_questions_version,
    write_past_questions,
)
from tests.retrieval.hashing import HashingEmbedder

MONEY = PastQuestion("When do I get my money back?", "refunds", "Within 5 business days.")
CARD = PastQuestion("Is the money sent back to my card?", "refunds", "Yes, to the card you paid with.")
PARCEL = PastQuestion("Where is my parcel now?", "tracking", "See the link in the e-mail.")
ZEPPELIN = PastQuestion("Do you deliver by zeppelin?", "")
PAIRS = [MONEY, CARD, PARCEL, ZEPPELIN]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_past_questions(PAIRS, tmp_path / "asked", HashingEmbedder())
    return tmp_path / "asked"


def questions(found: list[Precedent]) -> list[PastQuestion]:
    return [precedent.past for precedent in found]


def test_the_nearest_comes_first_with_its_cosine(folder: Path) -> None:
    asked = PastQuestions.open(folder, HashingEmbedder())
    assert len(asked) == 4
    found = asked.nearest("where is the parcel?")
    assert found[0].past == PARCEL
    embedder = HashingEmbedder()
    here, there = embedder.encode(["where is the parcel?", PARCEL.question])
    assert found[0].cosine == pytest.approx(float(here @ there))
    assert [p.cosine for p in found] == sorted((p.cosine for p in found), reverse=True)
    assert sorted(questions(found), key=PAIRS.index) == PAIRS


def test_a_question_is_not_judged_by_itself(folder: Path) -> None:
    asked = PastQuestions.open(folder, HashingEmbedder())
    assert asked.nearest(MONEY.question)[0].cosine == pytest.approx(1.0)
    others = asked.nearest(MONEY.question, leave_out=MONEY.question)
    assert MONEY not in questions(others)
    assert others[0].past == CARD


def test_leaving_one_out_still_gives_as_many(tmp_path: Path) -> None:
    pairs = [PastQuestion(f"money back number {n}", f"article{n}") for n in range(2 * NEIGHBOURS)]
    write_past_questions(pairs, tmp_path / "asked", HashingEmbedder())
    asked = PastQuestions.open(tmp_path / "asked", HashingEmbedder())
    assert len(asked.nearest("money back")) == NEIGHBOURS
    assert len(asked.nearest("money back", leave_out=pairs[0].question)) == NEIGHBOURS


def test_each_article_counts_with_its_best_question() -> None:
    found = [Precedent(MONEY, 0.9), Precedent(ZEPPELIN, 0.6), Precedent(CARD, 0.5), Precedent(PARCEL, 0.1)]
    assert by_article(found) == {"refunds": 0.9, "": 0.6, "tracking": 0.1}


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_question_has_no_neighbours(folder: Path, text: str) -> None:
    assert PastQuestions.open(folder, HashingEmbedder()).nearest(text) == []


def test_an_index_that_learnt_no_logs_has_none(tmp_path: Path) -> None:
    asked = PastQuestions.open(tmp_path / "asked", HashingEmbedder())
    assert len(asked) == 0
    assert asked.nearest("when do i get my money back") == []
    assert past_questions_version(tmp_path / "asked") == 0


def test_writing_again_replaces_and_changes_the_version(folder: Path) -> None:
    before = past_questions_version(folder)
    assert write_past_questions([PARCEL, PARCEL, MONEY], folder, HashingEmbedder()) == 2
    assert past_questions_version(folder) not in (0, before)
    found = PastQuestions.open(folder, HashingEmbedder()).nearest("money")
    assert set(questions(found)) == {PARCEL, MONEY}
    assert [path.name for path in folder.parent.iterdir()] == ["asked"], "nothing half-written is left"


def test_no_logs_that_teach_anything_is_an_empty_folder(folder: Path) -> None:
    assert write_past_questions([], folder, HashingEmbedder()) == 0
    assert PastQuestions.open(folder, HashingEmbedder()).nearest("money") == []


def test_one_that_is_cut_off_leaves_the_old_one(folder: Path) -> None:
    class Broken(HashingEmbedder):
        def encode(self, texts):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_past_questions([PARCEL], folder, Broken())
    assert len(PastQuestions.open(folder, HashingEmbedder())) == 4
    assert write_past_questions([PARCEL], folder, HashingEmbedder()) == 1, (
        "and the next one is not in its way"
    )


@pytest.mark.parametrize("text", ["line\u2028end", "line\x85end", "two\nlines", "引号“”和\u2029段"])
def test_any_character_survives(tmp_path: Path, text: str) -> None:
    write_past_questions([PastQuestion(text, "a", text)], tmp_path / "asked", HashingEmbedder())
    (found,) = PastQuestions.open(tmp_path / "asked", HashingEmbedder()).nearest("line")
    assert found.past == PastQuestion(text, "a", text)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text("{}"),
        lambda folder: (folder / "manifest.json").write_text("not json"),
        lambda folder: (folder / "vectors.npy").unlink(),
        lambda folder: cut(folder / "vectors.npy"),
        lambda folder: np.save(folder / "vectors.npy", np.zeros((3, 64), "float32")),
        lambda folder: (folder / "questions.jsonl").unlink(),
        lambda folder: cut(folder / "questions.jsonl"),
        lambda folder: (folder / "questions.jsonl").write_text('{"question": "only"}\n'),
    ],
)
def test_a_damaged_folder_says_what_to_type(folder: Path, damage) -> None:
    damage(folder)
    with pytest.raises(IndexDamaged, match=r"past questions in .*asked.* ingest again with `--logs`"):
        PastQuestions.open(folder, HashingEmbedder())


def test_questions_of_another_embedder_are_left_aside(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    asked = PastQuestions.open(folder, HashingEmbedder("other", dimension=32))
    assert asked.nearest("when do i get my money back") == []
    assert "another embedder" in caplog.text
