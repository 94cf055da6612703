"""Openly licensed dialogue sets as training examples: grounding practice beside a company's own logs.

`python -m finetune.dataset.public_sets FOLDER OUT.jsonl` writes the mix the shipped adapter was trained on.
Each reader takes the folder of one set and yields examples. A question whose gold passage is left out becomes
one that has no answer. The licences (Apache-2.0, see docs/default-model.md) allow trained weights.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from chatbot.turn.message import Message
from chatbot.turn.prompt import PASSAGES
from finetune.dataset.example import Example, write
from retrieval.articles.passage import Passage

UNANSWERABLE_SHARE = 0.22


def dstc9_faq(folder: Path, rng: random.Random) -> Iterator[Example]:
    """DSTC9 track 1 (Apache-2.0): questions on FAQ entries of hotels, restaurants, taxis and trains."""
    entries = dstc9_entries(folder)
    gold = dict(line.split("\t")[:2] for line in (folder / "qrels.tsv").read_text().splitlines()[1:])
    for query in _rows(folder / "queries.jsonl"):
        place = next(known for known in entries if gold[query["id"]] in known)
        history, question = _last_turn(query["text"])
        answer = _without_questions(query["references"][0])
        others = [p for id, p in place.items() if id != gold[query["id"]]]
        if answer and question:
            entry = place[gold[query["id"]]]
            yield _mix(query["id"], "en", question, answer, [entry], others, history, "dstc9_faq", rng)


def dstc9_entries(folder: Path) -> list[dict[str, Passage]]:
    """The FAQ entries by id, those of each place together."""
    places: dict[tuple[str, str], dict[str, Passage]] = {}
    for row in _rows(folder / "corpus.jsonl"):
        places.setdefault((row["domain"], row["entity"]), {})[row["id"]] = _faq(row)
    return list(places.values())


def mtrag(folder: Path, rng: random.Random) -> Iterator[Example]:
    """MTRAG (Apache-2.0): multi-turn questions on product, government, finance and encyclopaedia pages."""
    corpus = {row["id"]: row for row in _rows(folder / "corpus.jsonl")}
    everything = list(corpus.values())
    for talk in _rows(folder / "dialogues.jsonl"):
        known = [i for i in talk["knowledge_ids"] if i in corpus]
        answerable = talk["answerability"] in ("ANSWERABLE", "PARTIAL")
        if talk["answerability"] not in ("ANSWERABLE", "PARTIAL", "UNANSWERABLE") or (
            answerable and not known
        ):
            continue
        history = [Message(m["role"], m["content"]) for m in talk["messages"]]
        answer = " ".join(_sentences(talk["response"])[:3])
        gold = [_excerpt(corpus[i], answer) for i in known]
        best = max(gold, key=lambda p: _overlap(answer, p.text), default=None)
        others = [_excerpt(row, history[-1].content) for row in rng.sample(everything, 3)]
        if not answerable:
            gold, others = [], gold + others
        elif best is None or _overlap(answer, best.text) < 0.5 or len(answer) > 600:
            continue
        kept = [best] if answerable and best else []
        yield _mix(talk["id"], "en", history[-1].content, answer, kept, others, history[:-1], "mtrag", rng)


def crosswoz(folder: Path, rng: random.Random) -> Iterator[Example]:
    """CrossWOZ (Apache-2.0): Chinese travel-desk turns answered from the facts of one named place."""
    for talk in _rows(folder / "dialogues.jsonl"):
        facts: dict[str, dict[str, str]] = {}
        turns = []
        place = ""
        for i, message in enumerate(talk["messages"]):
            acts = message["dialog_act"]
            names = [v for _, _, slot, v in acts if slot == "名称" and v]
            place = names[0] if names else place
            informed = {s: v for a, _, s, v in acts if a == "Inform" and s != "名称" and v and v != "无"}
            if message["role"] == "assistant" and place:
                facts.setdefault(place, {}).update(informed)
                if i and informed and len(names) <= 1:
                    turns.append((i, place))
        entries = {name: _place(name, known) for name, known in facts.items() if known}
        for i, name in turns:
            history = [Message(m["role"], m["content"]) for m in talk["messages"][:i]]
            answer = talk["messages"][i]["content"]
            told = [v for a, _, _, v in talk["messages"][i]["dialog_act"] if a == "Inform"]
            others = [p for other, p in entries.items() if other != name]
            if name not in entries or len(others) < 2 or not all(v in answer for v in told):
                continue
            gold, question = [entries[name]], history[-1].content
            yield _mix(
                f"{talk['id']}-{i}", "zh", question, answer, gold, others, history[:-1], "crosswoz", rng
            )


Reader = Callable[[Path, random.Random], Iterator[Example]]
# Reader of each set, and how many of its examples the shipped adapter was trained on.
SETS: dict[str, tuple[Reader, int]] = {
    "dstc9_faq": (dstc9_faq, 230),
    "mtrag": (mtrag, 60),
    "crosswoz_zh": (crosswoz, 210),
}


def mix(folder: Path, seed: int = 0) -> list[Example]:
    """A random choice from the sets below `folder`, shuffled; the same seed gives the same examples."""
    rng = random.Random(seed)
    chosen: list[Example] = []
    for name, (reader, count) in SETS.items():
        examples = list(reader(folder / name, rng))
        chosen += rng.sample(examples, min(count, len(examples)))
    rng.shuffle(chosen)
    return chosen


def _mix(
    id: str,
    language: str,
    question: str,
    answer: str,
    gold: list[Passage],
    others: list[Passage],
    history: list[Message],
    source: str,
    rng: random.Random,
) -> Example:
    """Gold and distractors in random order; a fixed share loses its gold and becomes unanswerable."""
    keep = gold if gold and rng.random() >= UNANSWERABLE_SHARE else []
    passages = keep + rng.sample(others, min(PASSAGES - len(keep), len(others)))
    rng.shuffle(passages)
    number = passages.index(keep[0]) + 1 if keep else 0
    return Example(id, language, question, answer, tuple(passages), number, tuple(history), source)


def _rows(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _faq(row: dict) -> Passage:
    entity, _, question = row["title"].partition(" | ")
    return Passage(row["id"], row["id"], entity.title(), question, row["text"], "", "en")


def _place(name: str, known: dict[str, str]) -> Passage:
    text = "；".join(f"{slot}：{value}" for slot, value in known.items()) + "。"
    return Passage(name, name, name, "", text, "", "zh")


def _excerpt(row: dict, answer: str, words: int = 140) -> Passage:
    """The window of a long page that shares most with the answer, cut at sentences."""
    sentences = _sentences(row["text"])
    best, best_score = "", -1.0
    for start in range(len(sentences)):
        window: list[str] = []
        length = 0
        for sentence in sentences[start:]:
            length += len(sentence.split())
            if window and length > words:
                break
            window.append(sentence)
        text = " ".join(window)
        if (score := _overlap(answer, text)) > best_score:
            best, best_score = text, score
    return Passage(row["id"], row["id"], row.get("title", ""), "", best[:1200], "", "en")


def _overlap(answer: str, text: str) -> float:
    wanted = set(re.findall(r"\w{3,}", answer.lower()))
    return len(wanted & set(re.findall(r"\w{3,}", text.lower()))) / max(1, len(wanted))


def _sentences(text: str) -> list[str]:
    return [s.strip() for s in re.split(r"(?<=[.!?])\s+|\n+", text) if s.strip()]


def _last_turn(text: str) -> tuple[list[Message], str]:
    """The set joins the system's turn and the customer's question; the last sentence is the question."""
    *before, question = _sentences(text)
    return ([Message("assistant", " ".join(before))] if before else []), question


def _without_questions(answer: str) -> str:
    return " ".join(s for s in _sentences(answer) if not s.endswith("?"))


if __name__ == "__main__":
    import sys

    print(write(mix(Path(sys.argv[1])), Path(sys.argv[2])), "examples written")
