"""A data set is complete, free of leaks and personal data, and the same for the same seed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatbot.turn.prompt import PASSAGES
from finetune.dataset.build import UNANSWERABLE, build_dataset
from finetune.dataset.exchanges import Exchange
from finetune.dataset.folder import open_dataset
from finetune.dataset.split import SPLITS, leaks
from finetune.errors import DatasetError
from finetune.logs.conversation import Conversation, Utterance
from tests.finetune.search.searched import SHOP

START = datetime(2025, 1, 1, tzinfo=UTC)
ITEMS = [
    "lamp",
    "rug",
    "vase",
    "desk",
    "chair",
    "stool",
    "kettle",
    "toaster",
    "mirror",
    "candle",
    "pillow",
    "blanket",
    "curtain",
    "shelf",
    "wardrobe",
    "bench",
    "basket",
    "clock",
    "pan",
    "wok",
    "teapot",
    "napkin",
    "tray",
    "bowl",
    "plate",
    "mug",
    "spoon",
    "whisk",
    "colander",
    "ladle",
]


def bought(number: int) -> Conversation:
    """Every customer asks twice, at different times, and leaves personal data."""
    item = ITEMS[number % len(ITEMS)]
    at = START + timedelta(days=number)
    refund = "Refunds go back to your card within 5 business days after the check."
    returns = "You can return an item within 30 days of delivery if it is unused."
    asked = f"how many days have I got to return an unused {item} please"
    if number < len(ITEMS):
        asked, answer = f"when comes the money for my {item} back", refund
    else:
        answer = returns
    told = f"my name is Olwen Pritchard, olwen{number}@example.com, WW-{2000000 + number}"
    said = (
        Utterance("customer", f"hi, {asked}? {told}", at),
        Utterance("agent", f"Hi Olwen, {answer[0].lower()}{answer[1:]}", at, "Maya"),
    )
    return Conversation(f"T{number}", f"cus_{number % 20}", at, "en", "resolved", 5, "", said)


TALKS = [bought(n) for n in range(2 * len(ITEMS))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build_dataset(TALKS, SHOP, tmp_path / "set", seed=1)
    return tmp_path / "set"


def test_no_customer_and_no_question_is_in_two_parts(folder: Path) -> None:
    splits = open_dataset(folder)
    assert all(splits[split] for split in SPLITS)
    assert leaks({split: [e.group for e in splits[split]] for split in SPLITS}) == set()
    questions = {split: {e.question for e in splits[split]} for split in SPLITS}
    assert not questions["train"] & (questions["test"] | questions["validation"])
    assert all(e.group for split in ("validation", "test") for e in splits[split])


def test_a_repeated_question_of_another_customer_is_no_leak(tmp_path: Path) -> None:
    again = [replace(t, id=f"{t.id}b", customer_id=f"x{i}") for i, t in enumerate(TALKS)]
    one = build_dataset(TALKS, SHOP, tmp_path / "a", articles=False)
    two = build_dataset([*TALKS, *again], SHOP, tmp_path / "b", articles=False)
    assert two.drops["near duplicate"] == one.drops.get("near duplicate", 0) + len(TALKS)
    assert sum(two.examples.values()) == sum(one.examples.values())


def test_nothing_personal_is_left(folder: Path) -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.jsonl"))
    for secret in ("Olwen", "Pritchard", "@example.com", "WW-20", "cus_", "Maya"):
        assert secret not in text


def test_passages_and_unanswerable_share(folder: Path) -> None:
    splits = open_dataset(folder)
    for examples in splits.values():
        assert {len(e.passages) for e in examples} == {PASSAGES}
        share = sum(not e.gold for e in examples) / len(examples)
        assert abs(share - UNANSWERABLE) < 0.08
    assert {e.source for e in splits["train"]} >= {"log", "article"}
    assert {e.source for split in ("validation", "test") for e in splits[split]} == {"log"}


def test_the_card_says_what_happened(tmp_path: Path) -> None:
    bad = [replace(TALKS[0], id="bad", rating=1), replace(TALKS[1], id="open", status="unresolved")]
    report = build_dataset([*TALKS, *bad], SHOP, tmp_path / "set", seed=1)
    card = json.loads((tmp_path / "set" / "card.json").read_text(encoding="utf-8"))
    assert card["drops"]["badly rated"] == report.drops["unresolved"] == 1
    assert card["conversations"] == len(TALKS) + 2
    assert card["redacted"]["email"] == len(TALKS) + 2
    assert card["examples"] == report.examples


def test_the_same_seed_gives_the_same_files(tmp_path: Path, folder: Path) -> None:
    build_dataset(TALKS, SHOP, tmp_path / "again", seed=1)
    build_dataset(TALKS, SHOP, tmp_path / "other", seed=2)
    train = (folder / "train.jsonl").read_bytes()
    assert train == (tmp_path / "again" / "train.jsonl").read_bytes()
    assert train != (tmp_path / "other" / "train.jsonl").read_bytes()


def test_faq_rows_are_for_training_only(tmp_path: Path) -> None:
    said = (
        Utterance("customer", "How long is a gift card valid?"),
        Utterance("agent", "A gift card is valid for 3 years."),
    )
    faq = Conversation("faq-1", "", None, "en", "resolved", None, "", said, source="faq")
    build_dataset([*TALKS, faq], SHOP, tmp_path / "set", articles=False)
    splits = open_dataset(tmp_path / "set")
    assert [split for split in SPLITS for e in splits[split] if e.source == "faq"] == ["train"]


def test_a_changed_or_half_folder_is_refused(folder: Path) -> None:
    (folder / "test.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"test\.jsonl is missing or was changed"):
        open_dataset(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(DatasetError, match="not a complete data set"):
        open_dataset(folder)


def test_other_peoples_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DatasetError, match="name another folder"):
        build_dataset(TALKS, SHOP, tmp_path)
    assert (tmp_path / "notes.txt").exists()


def test_nothing_usable_is_an_error_with_the_reasons(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"None of 1 conversations .*badly rated 1"):
        build_dataset([replace(TALKS[0], rating=1)], SHOP, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_feedback_is_learnt_and_never_tested(tmp_path: Path) -> None:
    said = Exchange(
        "turn:x-0", "en", "For how many nights can I try a mattress?",
        ("You can try a mattress for 60 nights.",), (), "f00", None, "", source="feedback-edit",
    )  # fmt: skip
    report = build_dataset(TALKS, SHOP, tmp_path / "data", feedback=[said])
    splits = open_dataset(tmp_path / "data")
    assert report.sources["feedback-edit"] == 1
    assert [e.id for e in splits["train"] if e.source == "feedback-edit"] == ["turn:x-0"]
    assert not [e for split in ("validation", "test") for e in splits[split] if e.source != "log"]
    alone = build_dataset([], SHOP, tmp_path / "alone", feedback=[said])
    assert sum(alone.examples.values()) >= 1
