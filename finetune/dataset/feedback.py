"""What people thought of the bot's answers, as examples to learn from and as preferences between answers.

A thumb up makes the answer an example. What a colleague wrote, as an edit or after a hand-over, becomes an
example too, and is preferred to what the bot had said. An answer with a thumb down is never an example.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatbot.privacy.redact import Memory, public_values
from chatbot.privacy.rules import RedactionRules
from chatbot.store.sqlite import SqliteStore
from chatbot.turn.prompt import CITATION, HISTORY_TURNS
from chatbot.turn.query import leans_back
from finetune.dataset.exchanges import Exchange
from finetune.dataset.preferences import Preference, PreferencePair, RatedAnswer
from finetune.dataset.stored_turns import StoredTurn, Trace, leaks, redacted
from finetune.logs.clean import answer_sentences, question_of
from finetune.logs.redacted import pseudonym
from retrieval.languages.text import language_of, terms

SOURCE = "feedback"  # begins the source of every example that comes from here
Said = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(slots=True)
class Feedback:
    """Exchanges for examples; `preferences` between answers; answers to `review`.

    `seen` counts what people did, `made` what came of it, `drops` why some of it teaches nothing.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    preferences: list[Preference] = field(default_factory=list)
    review: list[dict[str, Any]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    drops: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """The counts for a reader."""
        told = []
        for title, counts in (("Feedback", self.seen), ("Made of it", self.made), ("Left out", self.drops)):
            listed = ", ".join(f"{n} {name}" for name, n in counts.most_common() if n)
            told.append(f"{title}: {listed or 'nothing'}")
        return told

    def counts(self) -> dict[str, dict[str, int]]:
        """The counts for a program."""
        return {
            name: {kind: n for kind, n in counts.items() if n}
            for name, counts in (("seen", self.seen), ("made", self.made), ("dropped", self.drops))
        }


def open_feedback(
    database: Path, articles: Sequence[str], rules: RedactionRules = RedactionRules()
) -> Feedback:
    """What people thought of the answers in an installation; nothing when it has no conversation yet.

    Contacts that the texts of its `articles` print are public.
    """
    if not database.is_file():
        return Feedback()
    store = SqliteStore(database)
    try:
        return read_feedback(store.judged_conversations(), rules.knowing(public_values(articles)))
    finally:
        store.close()


def read_feedback(
    conversations: Iterable[Sequence[Trace]], rules: RedactionRules = RedactionRules()
) -> Feedback:
    """From `Store.judged_conversations`, without the personal data that the rules find."""
    found = Feedback()
    judged = []
    for traces in conversations:
        memory = Memory(rules)
        turns = redacted(traces, memory)
        _count(turns, found.seen)
        if leaks(turns, rules):
            found.drops["personal data may be left"] += sum(bool(t.rating or t.correction) for t in turns)
            continue
        judged.append(turns)
    down = {_said(t.question, t.answer) for turns in judged for t in turns if t.rating == -1 and t.spoke}
    for turns in judged:
        _teach(turns, down, found)
    return found


def _count(turns: Sequence[StoredTurn], seen: Counter[str]) -> None:
    seen["conversations"] += 1
    for turn in turns:
        seen["thumbs up"] += turn.rating == 1
        seen["thumbs down"] += turn.rating == -1
        seen["comments"] += bool(turn.comment)
        seen["answers of colleagues"] += bool(turn.correction)


def _teach(turns: Sequence[StoredTurn], down: set[Said], found: Feedback) -> None:
    answered: set[str] = set()
    for place, turn in enumerate(turns):
        if turn.correction:
            asked = _asked(turns[: place + 1])
            if asked is None:
                found.drops["no question before the colleague's answer"] += 1
                continue
            answered.add(asked.id)
            _learn(asked, turn.correction, "edit" if asked is turn and turn.spoke else "handoff", found)
    for turn in turns:
        if turn.rating is None or turn.id in answered:
            continue
        if not turn.spoke:
            found.drops["a thumb on a curated or broken answer"] += 1
        elif turn.rating == 1 and _said(turn.question, turn.answer) in down:
            found.drops["the same answer has a thumb down elsewhere"] += 1
        elif turn.rating == 1:
            _praise(turn, found)
        else:
            _blame(turn, found)


def _asked(turns: Sequence[StoredTurn]) -> StoredTurn | None:
    """The question that a colleague's answer is about: "agent, please" is none, the one before it is."""
    *before, last = turns
    if last.asks and (last.spoke or not leans_back(last.question)):
        return last
    earlier = (turn for turn in reversed(before) if turn.asks and turn.spoke)
    return next(earlier, last if last.asks else None)


def _learn(turn: StoredTurn, text: str, kind: str, found: Feedback) -> None:
    """A colleague's answer: an example, and preferred to what the bot said."""
    if turn.spoke and _said("", text) == _said("", turn.answer):
        _praise(turn, found, kind)
        return
    sentences = tuple(answer_sentences(text))
    if not sentences or language_of(text) != turn.language:
        found.drops["a colleague's answer without content, or in another language"] += 1
        return
    found.exchanges.append(_exchange(turn, sentences, kind))
    found.made[f"examples from {kind}"] += 1
    if not turn.spoke:
        return
    chosen = turn.cited(sentences)
    if not chosen or not turn.known:
        reason = "no source of the turn carries the colleague's answer" if turn.known else "history not kept"
        found.drops[f"no pair: {reason}"] += 1
        return
    found.preferences.append(PreferencePair(tuple(turn.prompt), chosen, turn.written, f"{kind}:{turn.id}"))
    found.made["pairs"] += 1


def _praise(turn: StoredTurn, found: Feedback, kind: str = "up") -> None:
    sentences = tuple(answer_sentences(CITATION.sub("", turn.answer)))
    silent = turn.decision == "abstain"
    if not silent and not sentences:
        found.drops["an answer without content"] += 1
        return
    found.exchanges.append(_exchange(turn, sentences, kind))
    found.made[f"examples from {kind}"] += 1
    _judge(turn, True, found)


def _blame(turn: StoredTurn, found: Feedback) -> None:
    """Without a colleague's answer nobody knows what would have been right: somebody has to look at it."""
    row = {"id": f"turn:{turn.id}", "why": "thumb down", "language": turn.language, "question": turn.question}
    found.review.append(row | {"answer": turn.answer, "comment": turn.comment})
    found.made["to review"] += 1
    _judge(turn, False, found)


def _judge(turn: StoredTurn, good: bool, found: Feedback) -> None:
    if not turn.known:
        return
    found.preferences.append(RatedAnswer(tuple(turn.prompt), turn.written, good, f"thumb:{turn.id}"))
    found.made["single answers, good or bad"] += 1


def _exchange(turn: StoredTurn, sentences: tuple[str, ...], kind: str) -> Exchange:
    silent = kind == "up" and turn.decision == "abstain"
    cited = [int(mark.strip(" []")) for mark in CITATION.findall(turn.answer)] if kind == "up" else []
    article = turn.passages[cited[0] - 1].article if cited and cited[0] <= len(turn.passages) else ""
    return Exchange(
        f"turn:{turn.id}-0",
        turn.language,
        question_of([turn.question]) or turn.question,
        sentences,
        turn.history[-HISTORY_TURNS:],
        pseudonym(turn.conversation),
        turn.at,
        article,
        silent,
        f"{SOURCE}-{kind}",
        turn.channel,
    )


def _said(question: str, answer: str) -> Said:
    return tuple(terms(question)), tuple(terms(CITATION.sub("", answer)))
