"""Let a larger model answer customers' questions from the passages, and keep what the passages carry."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from chatbot.engine import Engine, whole_answer
from chatbot.privacy.redact import public_values
from chatbot.privacy.rules import RedactionRules
from chatbot.privacy.spans import SURROGATE
from chatbot.turn.evidence import check_sentence, is_courtesy
from chatbot.turn.prompt import ABSTENTION, CITATION, build_messages
from chatbot.turn.search import Withheld, search
from chatbot.turn.sentences import split_sentences
from finetune.dataset.build import redacted_exchanges
from finetune.dataset.duplicates import Seen
from finetune.dataset.example import Dropped, Example, write
from finetune.dataset.exchanges import Exchange
from finetune.dataset.ground import Knowledge
from finetune.dataset.support import REASONS
from finetune.jsonl import Kept
from finetune.logs.reader import read_logs
from retrieval.articles.passage import Passage
from retrieval.languages.text import language_of

SOURCE = "distilled"
ANSWER_TOKENS = 200
UNANSWERABLE = 0.22  # of the examples at most, as in the data set
OnStep = Callable[[int, int], None]


@dataclass(slots=True)
class Distilled:
    """The examples, and why the teacher's other answers are left out."""

    examples: list[Example] = field(default_factory=list)
    drops: Counter[str] = field(default_factory=Counter)
    asked: int = 0


def questions(
    logs: Sequence[Path], index: Knowledge, rules: RedactionRules = RedactionRules()
) -> list[Exchange]:
    """What customers asked in the logs, redacted, each question once. Raises LogsUnreadable."""
    rules = rules.knowing(public_values([passage.text for passage in index.passages]))
    found = redacted_exchanges(read_logs(logs), rules, Counter(), Counter())
    seen = Seen()
    return [exchange for exchange in found if not seen.twice(exchange.question)]


def distil(
    asked: Sequence[Exchange],
    index: Knowledge,
    teacher: Engine,
    out: Path,
    at_once: int = 4,
    on_step: OnStep | None = None,
) -> Distilled:
    """Ask the teacher each question, with the passages of a live turn, and write the examples to `out`.

    Every sentence has to be carried by a passage, as in a live turn; an answer with one that is not is left
    out. The teacher's answers are kept beside `out` until it is complete, so that a run which was stopped
    goes on. Raises EngineFailed.
    """
    kept = Kept(out.with_name(f".{out.name}.answers"))
    sources = [_passages(exchange, index) for exchange in asked]
    asyncio.run(_ask(asked, sources, teacher, kept, at_once, on_step))
    found = Distilled(asked=len(asked))
    for exchange, passages in zip(asked, sources, strict=True):
        made = judged(exchange, passages, kept.rows.get(_key(exchange, passages), ""))
        if isinstance(made, Dropped):
            found.drops[made.reason] += 1
        else:
            found.examples.append(made)
    found.examples = _balanced(found.examples, found.drops)
    write(found.examples, out)
    out.with_name(f".{out.name}.answers").unlink(missing_ok=True)
    return found


def judged(exchange: Exchange, passages: Sequence[Passage], answer: str) -> Example | Dropped:
    """The teacher's answer as an example, or why it is none."""
    if not passages:
        return Dropped("nothing is found for the question")
    plain = CITATION.sub("", answer).strip()
    if ABSTENTION[exchange.language] in plain:
        return _example(exchange, passages, "", 0)
    if not plain or language_of(plain) != exchange.language:
        return Dropped("no answer, or one in another language")
    carried: list[tuple[str, int]] = []
    for sentence in split_sentences(answer):
        if is_courtesy(sentence) or not CITATION.sub("", sentence).strip():
            continue
        evidence = check_sentence(sentence, passages, exchange.question)
        if not evidence.number or SURROGATE.search(sentence):
            return Dropped(REASONS.get(evidence.reason, "personal data"))
        carried.append((CITATION.sub("", sentence).strip(), evidence.number))
    if not carried:
        return Dropped("nothing but courtesy")
    gold = carried[0][1]
    gap = "" if exchange.language == "zh" else " "
    return _example(exchange, passages, gap.join(s for s, number in carried if number == gold), gold)


def _passages(exchange: Exchange, index: Knowledge) -> list[Passage]:
    asked = exchange.question, exchange.history, exchange.language
    return [source.passage for source in search(index, *asked, withheld=Withheld(itself=True)).sources]


async def _ask(
    asked: Sequence[Exchange],
    sources: Sequence[Sequence[Passage]],
    teacher: Engine,
    kept: Kept,
    at_once: int,
    on_step: OnStep | None,
) -> None:
    missing = {
        key: (exchange, passages)
        for exchange, passages in zip(asked, sources, strict=True)
        if passages and (key := _key(exchange, passages)) not in kept.rows
    }
    gate = asyncio.Semaphore(at_once)
    done = 0

    async def one(key: str, exchange: Exchange, passages: Sequence[Passage]) -> None:
        nonlocal done
        messages = build_messages(exchange.question, exchange.history, passages, exchange.language)
        async with gate:
            kept.add(key, await whole_answer(teacher, messages, ANSWER_TOKENS))
        done += 1
        if on_step:
            on_step(done, len(missing))

    try:
        async with asyncio.TaskGroup() as group:
            for key, (exchange, passages) in missing.items():
                group.create_task(one(key, exchange, passages))
    except* Exception as failed:
        raise failed.exceptions[0] from None
    finally:
        await teacher.aclose()


def _balanced(examples: Iterable[Example], drops: Counter[str]) -> list[Example]:
    """No more questions without an answer than customers ask: a timid teacher would teach silence."""
    every = list(examples)
    answered = sum(bool(example.gold) for example in every)
    room = round(answered * UNANSWERABLE / (1 - UNANSWERABLE))
    chosen = []
    for example in every:
        if not example.gold:
            room -= 1
            if room < 0:
                drops["too many without an answer"] += 1
                continue
        chosen.append(example)
    return chosen


def _example(exchange: Exchange, passages: Sequence[Passage], answer: str, gold: int) -> Example:
    return Example(
        f"{exchange.id}-distilled",
        exchange.language,
        exchange.question,
        answer,
        tuple(passages),
        gold,
        exchange.history,
        SOURCE,
        exchange.customer_id,
        exchange.channel,
    )


def _key(exchange: Exchange, passages: Sequence[Passage]) -> str:
    messages = build_messages(exchange.question, exchange.history, passages, exchange.language)
    return sha256(repr(messages).encode()).hexdigest()[:16]
