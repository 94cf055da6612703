"""The queue of examples that are worth a human look, as a file that people edit and the next run follows.

Each line is one example. `why` says what is doubtful and `labels` what the rules think. A person writes into
`decision`: "use" (with `answer` as it stands there, edited or not), "drop", or "unanswerable"; an empty one
is still open. Decided lines stay in the file and count in every later run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from chatbot.turn.message import Message
from finetune.dataset.example import TWIN, Dropped, Example
from finetune.dataset.exchanges import Exchange
from finetune.errors import ReviewUnreadable
from finetune.jsonl import write_rows
from finetune.logs.clean import answer_sentences

QUEUE = "review.jsonl"  # in the home of an installation
OPEN = 60  # lines to look at; more would not be read
DECISIONS = ("", "use", "drop", "unanswerable")
SOURCE = "review"  # of an example that only a person's answer made


@dataclass(frozen=True, slots=True)
class Item:
    """One example to look at. `weight` sorts the queue, the heaviest first; it is not written."""

    id: str
    why: str
    language: str
    question: str
    answer: str
    decision: str = ""
    source: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    history: tuple[Message, ...] = ()
    weight: float = 0.0


class Review:
    """What people have decided, and what this run finds doubtful."""

    def __init__(self, decided: Iterable[Item] = ()) -> None:
        self._decided = {item.id: item for item in decided if item.decision}
        self.found: list[Item] = []

    def settled(self, found: Iterable[Exchange], drops: Counter[str]) -> Iterator[Exchange]:
        """The exchanges as people decided: dropped, with another answer, or as questions without one."""
        for exchange in found:
            item = self._decided.get(exchange.id)
            if item is None:
                yield exchange
            elif item.decision == "drop":
                drops["dropped in review"] += 1
            elif item.decision == "unanswerable":
                yield replace(exchange, silent=True)
            else:
                sentences = tuple(answer_sentences(item.answer)) or exchange.sentences
                yield replace(exchange, sentences=sentences, silent=False)

    def added(self) -> list[Exchange]:
        """Answers that people wrote to questions that the bot had answered badly."""
        return [
            Exchange(
                f"{item.id}-0", "zh" if item.language == "zh" else "en", item.question,
                tuple(answer_sentences(item.answer)), item.history, "", None, "",
                item.decision == "unanswerable", SOURCE,
            )
            for item in self._decided.values()
            if item.id.startswith("turn:") and item.decision != "drop"
        ]  # fmt: skip

    def look(self, exchange: Exchange, example: Example | Dropped) -> None:
        """Note an exchange whose rules disagree."""
        linked = exchange.linked_article
        gold = ""
        if isinstance(example, Example) and example.gold:
            gold = example.passages[example.gold - 1].article
        if isinstance(example, Dropped) and example.doubtful:
            why = f"the agent's answer is left out: {example.reason}"
            self._note(exchange, why, {"linked": linked}, 0.6)
        elif linked and gold and not gold.endswith(linked):
            labels = {"linked": linked, "found": gold}
            self._note(exchange, "the answer was found in another article than the agent linked", labels, 0.4)
        elif exchange.silent and linked:
            self._note(exchange, "the agent had no answer, yet linked an article", {"linked": linked}, 0.5)

    def _note(self, exchange: Exchange, why: str, labels: dict[str, str], weight: float) -> None:
        if exchange.id in self._decided:
            return
        answer = " ".join(exchange.sentences)
        labels = {name: value for name, value in labels.items() if value}
        labels["agent"] = "no answer" if exchange.silent else "answer"
        self.found.append(
            Item(exchange.id, why, exchange.language, exchange.question, answer, "", exchange.source,
                 labels, exchange.history, weight)
        )  # fmt: skip


def read_queue(path: Path) -> list[Item]:
    """The lines of the queue; none when there is no file yet. Raises ReviewUnreadable naming a bad line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ReviewUnreadable(f"{path} cannot be read ({error}); save it as UTF-8.") from error
    return [_item(path, n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]


def update_queue(path: Path, found: Sequence[Item]) -> int:
    """Keep what is decided, replace what is open by the most doubtful of `found`; returns their number."""
    decided = [item for item in read_queue(path) if item.decision]
    known = {item.id for item in decided}
    chosen: dict[str, Item] = {}
    for item in sorted(found, key=lambda item: (-item.weight, item.id)):
        if item.id not in known and len(chosen) < OPEN:
            chosen.setdefault(item.id, item)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rows((_row(item) for item in [*chosen.values(), *decided]), path)
    return len(chosen)


def down_voted(rows: Sequence[Mapping[str, Any]]) -> list[Item]:
    """Answers with a thumb down that no colleague has corrected: the most certain faults there are."""
    return [
        Item(row["id"], f"{row['why']}: {row['comment']}".rstrip(": "), row["language"], row["question"],
             row["answer"], "", "feedback", weight=1.0)
        for row in rows
    ]  # fmt: skip


def doubtful_answers(comparison: Mapping[str, Any]) -> list[Item]:
    """Held-out questions that the exchange answers otherwise than the agent, or with great surprise."""
    rows = [row for row in comparison["rows"] if not row["id"].endswith(TWIN)]
    losses = sorted((row["candidate"]["loss"] or 0.0) for row in rows)
    high = losses[len(losses) * 9 // 10] if losses else 0.0
    items = []
    for row in rows:
        mine = row["candidate"]
        if mine["quality"] < 0.3:
            why = "the new model answers otherwise than the agent"
        elif (mine["loss"] or 0.0) >= high:
            why = "the agent's answer surprises the new model"
        else:
            continue
        labels = {"new model": mine["answer"], "decision": mine["decision"]}
        items.append(
            Item(row["id"], why, row["language"], row["question"], row["reference"], "", "held out", labels,
                 weight=0.9 - mine["quality"])
        )  # fmt: skip
    return items


def _item(path: Path, number: int, line: str) -> Item:
    where = f"{path}, line {number}"
    names = {f.name for f in fields(Item)}
    try:
        row = {name: value for name, value in json.loads(line).items() if name in names}
        row["history"] = tuple(Message(m["role"], m["content"]) for m in row.get("history", ()))
        item = Item(**row)
        item.answer.strip(), item.question.strip()
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise ReviewUnreadable(
            f"{where}: this is no example to review ({error}); mend or remove it."
        ) from error
    if item.decision not in DECISIONS:
        raise ReviewUnreadable(
            f'{where}: `decision` is "{item.decision}"; it may be "use", "drop", "unanswerable" or empty.'
        )
    if item.decision == "use" and not item.answer.strip():
        raise ReviewUnreadable(f"{where}: there is nothing to use; write the answer, or decide otherwise.")
    return item


def _row(item: Item) -> dict[str, Any]:
    return {name: value for name, value in asdict(item).items() if name != "weight"}
