"""What is doubtful is put before a person, and what the person decides is followed in every later run."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from finetune.dataset.build import build_dataset
from finetune.dataset.example import Dropped, Example
from finetune.dataset.exchanges import Exchange
from finetune.dataset.folder import files_of, open_dataset
from finetune.dataset.review import OPEN, Item, Review, doubtful_answers, down_voted, read_queue, update_queue
from finetune.errors import ReviewUnreadable
from finetune.logs.conversation import Conversation, Utterance
from tests.finetune.dataset.test_build import START, TALKS
from tests.finetune.search.searched import SHOP

REFUND = "How long does a refund take until it is on my card?"
GIVEN = '{"id": "x", "why": "", "language": "en", "question": "q", '


def told(n: int, answer: str) -> Conversation:
    """Long before the others, so that it is for training."""
    said = (Utterance("customer", REFUND, START), Utterance("agent", answer, START))
    return Conversation(f"T{n}", f"cus_{n}", START, "en", "resolved", 5, "", said)


def decide(path: Path, **decisions: dict[str, str]) -> None:
    """As a person does in an editor."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [row | decisions.get(row["id"].replace("-", "_"), {}) for row in rows]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def test_an_answer_against_the_article_is_doubtful_until_somebody_decides(tmp_path: Path) -> None:
    wrong = told(900, "Refunds go back to your card within 9 business days after the check.")
    queue, out = tmp_path / "home" / "review.jsonl", tmp_path / "data"
    review = Review(read_queue(queue))
    build_dataset([*TALKS, wrong], SHOP, out, review=review)
    (item,) = [i for i in review.found if i.question == REFUND]
    assert "a number that no passage has" in item.why
    assert item.labels["agent"] == "answer"
    assert update_queue(queue, review.found) == len(review.found)

    answer = "Refunds go back to your card within 5 business days after the check."
    decide(queue, **{item.id.replace("-", "_"): {"decision": "use", "answer": answer}})
    review = Review(read_queue(queue))
    build_dataset([*TALKS, wrong], SHOP, out, review=review)
    made = [e for examples in open_dataset(out).values() for e in examples]
    assert answer in [e.answer for e in made if e.id == item.id]
    assert item.id not in [i.id for i in review.found], "decided is decided"
    update_queue(queue, review.found)
    assert [i.decision for i in read_queue(queue) if i.id == item.id] == ["use"]


def exchange(id: str, linked: str = "", silent: bool = False) -> Exchange:
    return Exchange(id, "en", REFUND, ("Within 5 days.",), (), "c", None, linked, silent)


def test_each_decision_is_followed() -> None:
    items = [Item("a-0", "", "en", "q", "x", "drop"), Item("b-0", "", "en", "q", "x", "unanswerable")]
    drops: Counter[str] = Counter()
    settled = list(Review(items).settled([exchange("a-0"), exchange("b-0"), exchange("c-0")], drops))
    assert [(c.id, c.silent) for c in settled] == [("b-0", True), ("c-0", False)]
    assert drops == {"dropped in review": 1}


def test_an_answer_written_to_a_thumb_down_is_an_example() -> None:
    (item,) = down_voted(
        [
            {
                "id": "turn:7",
                "why": "thumb down",
                "comment": "no",
                "language": "en",
                "question": REFUND,
                "answer": "?",
            }
        ]
    )
    assert (item.why, item.decision) == ("thumb down: no", "")
    assert Review([item]).added() == []
    (added,) = Review([Item("turn:7", "", "en", REFUND, "Within 5 business days.", "use")]).added()
    assert (added.id, added.sentences, added.source) == ("turn:7-0", ("Within 5 business days.",), "review")


def test_rules_that_disagree() -> None:
    review = Review()
    gold = Example("x", "en", REFUND, "Within 5 days.", tuple(SHOP.passages[:3]), 1)
    review.look(exchange("x", "refunds"), gold)
    assert review.found == []
    review.look(exchange("y", "cards"), gold)
    review.look(exchange("z", "cards", silent=True), Dropped("too few passages"))
    assert [i.id for i in review.found] == ["y", "z"]
    assert review.found[0].labels == {"linked": "cards", "found": "en/refunds", "agent": "answer"}


def test_the_most_doubtful_answers_of_the_new_model() -> None:
    rows = [
        {
            "id": f"e{n}", "language": "en", "question": "q", "reference": "r",
            "candidate": {"answer": "a", "decision": "answer", "quality": n / 10, "loss": n / 10},
        }
        for n in range(10)
    ]  # fmt: skip
    rows.append(rows[0] | {"id": "e0-none"})
    items = doubtful_answers({"rows": rows})
    assert [i.id for i in items] == ["e0", "e1", "e2", "e9"]
    assert "surprises" in items[-1].why


def test_the_queue_is_short_and_keeps_what_is_decided(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    assert read_queue(path) == []
    found = [Item(f"e{n}", "why", "en", "q", "a", weight=n / 100) for n in range(100)]
    assert update_queue(path, found) == OPEN
    assert read_queue(path)[0].id == "e99"
    decide(path, e99={"decision": "drop"})
    assert update_queue(path, found[:3]) == 3
    assert [i.id for i in read_queue(path)] == ["e2", "e1", "e0", "e99"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("not json", "line 2: this is no example"),
        ("[]", "line 2"),
        ('{"id": "x"}', "line 2"),
        ('{"id": "x", "why": "", "language": "en", "question": "q", "answer": null}', "line 2"),
        (
            '{"id": "x", "why": "", "language": "en", "question": "q", "answer": "a", "decision": "yes"}',
            '"yes"',
        ),
        (
            '{"id": "x", "why": "", "language": "en", "question": "q", "answer": " ", "decision": "use"}',
            "nothing to use",
        ),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "review.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(ReviewUnreadable, match=told):
        read_queue(path)


def test_the_card_counts_names_and_vouches(tmp_path: Path) -> None:
    log = tmp_path / "chats.jsonl"
    log.write_text("{}\n")
    build_dataset(TALKS, SHOP, tmp_path / "data", about={"files": files_of([log])})
    card = json.loads((tmp_path / "data" / "card.json").read_text(encoding="utf-8"))
    assert card["files"][0]["name"] == "chats.jsonl"
    assert len(card["files"][0]["sha256"]) == 64
    assert card["licence"]
    page = (tmp_path / "data" / "README.md").read_text(encoding="utf-8")
    for part in ("## Parts", "## Left out", "## Licence", "train.jsonl", card["files"][0]["sha256"]):
        assert part in page
    assert set(json.loads((tmp_path / "data" / "manifest.json").read_text())["files"]) == {
        "train.jsonl", "validation.jsonl", "test.jsonl", "card.json", "README.md",
    }  # fmt: skip
