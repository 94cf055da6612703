"""Examples from public dialogue sets: the gold passage is among the passages, a share has no answer."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from chatbot.turn.message import Message
from chatbot.turn.prompt import ABSTENTION, PASSAGES
from finetune.dataset.example import Example, read, write
from finetune.dataset.public_sets import SETS, UNANSWERABLE_SHARE, crosswoz, dstc9_faq, mix, mtrag

HOTELS = ("acorn guest house", "bridge inn", "cedar lodge")
ASKED = {
    "Is there parking?": "Yes, parking is free for guests.",
    "Are pets allowed?": "No, pets have to stay at home.",
    "When is breakfast?": "Breakfast is served from 7 to 10.",
    "Is there a pool?": "Yes, an indoor pool on the first floor.",
}
PAGES = {
    "storage": "Object storage keeps files in buckets. A bucket has a name that nobody else may use. "
    "Buckets are billed by the gigabyte.",
    "tax": "The tax return is due in April. Filing late costs a fee of 50 dollars.",
    "loans": "Student loans are paid back over ten years. Interest begins after graduation.",
    "rivers": "The Nile is 6650 kilometres long. It ends in the Mediterranean Sea.",
    "clouds": "Cumulus clouds are low and white. Cirrus clouds are high and thin.",
}


def lines(path: Path, rows: Sequence[object]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    """Questions on the FAQ entries of three hotels."""
    folder = tmp_path / "dstc9_faq"
    folder.mkdir()
    corpus, queries, gold = [], [], ["query-id\tcorpus-id\tscore"]
    for hotel in HOTELS:
        for n, (question, answer) in enumerate(ASKED.items()):
            name = f"{hotel}-{n}"
            title = f"{hotel} | {question}"
            corpus.append({"id": name, "domain": "hotel", "entity": hotel, "title": title, "text": answer})
            said = f"I booked the {hotel} for you. {question}"
            told = f"{answer} Can I help you with anything else?"
            queries.append({"id": f"q-{name}", "text": said, "references": [told]})
            gold.append(f"q-{name}\t{name}\t1")
    lines(folder / "corpus.jsonl", corpus)
    lines(folder / "queries.jsonl", queries)
    (folder / "qrels.tsv").write_text("\n".join(gold) + "\n")
    return folder


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    """Multi-turn questions on pages, of each answerability."""
    folder = tmp_path / "mtrag"
    folder.mkdir()
    lines(folder / "corpus.jsonl", [{"id": i, "title": i.title(), "text": text} for i, text in PAGES.items()])
    said = [
        {"role": "user", "content": "What is storage?"},
        {"role": "assistant", "content": "Somewhere to keep files."},
        {"role": "user", "content": "And how is a bucket billed?"},
    ]
    fits = {"knowledge_ids": ["storage"], "response": "Buckets are billed by the gigabyte."}
    lines(
        folder / "dialogues.jsonl",
        [
            {"id": "yes", "messages": said, "answerability": "ANSWERABLE", **fits},
            {"id": "partly", "messages": said, "answerability": "PARTIAL", **fits},
            {
                "id": "no",
                "messages": said,
                "answerability": "UNANSWERABLE",
                "knowledge_ids": [],
                "response": "?",
            },
            {"id": "talk", "messages": said, "answerability": "CONVERSATIONAL", **fits},
            {"id": "lost", "messages": said, "answerability": "ANSWERABLE", "knowledge_ids": ["gone"]}
            | {"response": fits["response"]},
            {"id": "other", "messages": said, "answerability": "ANSWERABLE", "knowledge_ids": ["storage"]}
            | {"response": "Zebras gallop across wide savannahs."},
        ],
    )
    return folder


def place(name: str, slot: str, value: str) -> list[dict[str, object]]:
    return [
        {"role": "user", "content": f"{name}的{slot}是什么？", "dialog_act": [["Request", "景点", slot, ""]]},
        {
            "role": "assistant",
            "content": f"{name}的{slot}是{value}。",
            "dialog_act": [["Inform", "景点", "名称", name], ["Inform", "景点", slot, value]],
        },
    ]


@pytest.fixture
def travel(tmp_path: Path) -> Path:
    """One Chinese conversation on three places, and one on a single place."""
    folder = tmp_path / "crosswoz_zh"
    folder.mkdir()
    messages = (
        place("故宫", "门票", "60元") + place("颐和园", "电话", "6288") + place("长城", "评分", "4.7分")
    )
    alone = place("故宫", "门票", "60元")
    lines(folder / "dialogues.jsonl", [{"id": "d1", "messages": messages}, {"id": "d2", "messages": alone}])
    return folder


def assert_is_grounded(example: Example) -> None:
    assert 0 < len(example.passages) <= PASSAGES
    assert len({p.id for p in example.passages}) == len(example.passages)
    assert 0 <= example.gold <= len(example.passages)
    assert example.question
    if example.gold:
        assert example.target.endswith(f"[{example.gold}]")
    else:
        assert example.target == ABSTENTION[example.language]


def test_faq_questions_rest_on_their_own_entry(faq: Path) -> None:
    examples = list(dstc9_faq(faq, random.Random(0)))
    assert len(examples) == len(HOTELS) * len(ASKED)
    for example in examples:
        assert_is_grounded(example)
        hotel = example.id.removeprefix("q-").rpartition("-")[0]
        assert {p.title for p in example.passages} == {hotel.title()}, "distractors are of the same hotel"
        assert example.history == (Message("assistant", f"I booked the {hotel} for you."),)
        assert example.answer == ASKED[example.question], "the agent's question back is left out"
        if example.gold:
            assert example.passages[example.gold - 1].text == example.answer
        else:
            assert example.answer not in [p.text for p in example.passages]


def test_a_share_of_the_questions_loses_its_passage(faq: Path) -> None:
    rng = random.Random(1)
    examples = [e for _ in range(50) for e in dstc9_faq(faq, rng)]
    silent = sum(not e.gold for e in examples) / len(examples)
    assert silent == pytest.approx(UNANSWERABLE_SHARE, abs=0.05)
    assert {e.gold for e in examples} == {0, 1, 2, 3}, "the gold passage stands anywhere"


def test_page_questions_are_kept_when_their_page_carries_the_answer(talks: Path) -> None:
    found: dict[str, list[Example]] = {}
    for seed in range(20):
        for example in mtrag(talks, random.Random(seed)):
            found.setdefault(example.id, []).append(example)
    assert set(found) == {"yes", "partly", "no"}
    assert all(e.gold == 0 for e in found["no"])
    assert any(e.gold for e in found["yes"])
    assert any(e.gold for e in found["partly"])
    for example in found["yes"]:
        assert example.question == "And how is a bucket billed?"
        assert [m.role for m in example.history] == ["user", "assistant"]
        if example.gold:
            assert "billed by the gigabyte" in example.passages[example.gold - 1].text


def test_travel_questions_rest_on_the_facts_of_one_place(travel: Path) -> None:
    examples = [e for seed in range(20) for e in crosswoz(travel, random.Random(seed))]
    assert {e.id for e in examples} == {"d1-1", "d1-3", "d1-5"}, "one place alone has no distractors"
    for example in examples:
        assert_is_grounded(example)
        assert example.language == "zh"
        if example.gold:
            gold = example.passages[example.gold - 1]
            assert gold.title in example.question
            assert gold.text.rstrip("。").partition("：")[2] in example.answer
    assert any(e.gold for e in examples)
    assert not all(e.gold for e in examples)


def test_the_mix_is_the_same_for_the_same_seed(faq: Path, talks: Path, travel: Path, tmp_path: Path) -> None:
    made = mix(tmp_path, seed=3)
    assert made == mix(tmp_path, seed=3)
    assert {e.source for e in made} == {"dstc9_faq", "mtrag", "crosswoz"}
    assert [e.source for e in made] != sorted(e.source for e in made), "shuffled"
    assert len({e.id for e in made}) == len(made)
    write(made, tmp_path / "mix.jsonl")
    assert list(read(tmp_path / "mix.jsonl")) == made


def test_no_set_gives_more_than_its_part(
    faq: Path, talks: Path, travel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SETS, "dstc9_faq", (dstc9_faq, 5))
    assert sum(e.source == "dstc9_faq" for e in mix(tmp_path)) == 5
