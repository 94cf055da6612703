"""Turn exports of a support desk into one redacted log folder; a killed run goes on where it stopped."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from chatbot.privacy.redact import Memory
from chatbot.privacy.rules import RedactionRules
from finetune.errors import ImportRefused, LogsUnreadable
from finetune.logs.conversation import Conversation, Problem
from finetune.logs.reader import Reading, log_files, read_log
from finetune.logs.redacted import pseudonym, redact_conversation

FORMAT = 1
CONVERSATIONS = "conversations.jsonl"
MANIFEST = "manifest.json"
EXAMPLES = 10
_SAMPLE = 100  # conversations to choose them from
_SAVED = 2.0  # seconds between two notes of how far it is


@dataclass(slots=True)
class ImportReport:
    """What an import did. `dropped` and `mended` map a reason to how often and "file:line" of the first.

    `examples` are pairs of a message before and after; they are nowhere but here.
    """

    folder: Path
    conversations: int = 0
    messages: int = 0
    resumed: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    redacted: Counter[str] = field(default_factory=Counter)
    dropped: dict[str, tuple[int, str]] = field(default_factory=dict)
    mended: dict[str, tuple[int, str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    examples: list[tuple[str, str]] = field(default_factory=list)

    def counts(self) -> dict[str, Any]:
        """What the manifest says: nothing that a customer wrote."""
        return {
            "conversations": self.conversations,
            "messages": self.messages,
            "languages": dict(sorted(self.languages.items())),
            "redacted": dict(self.redacted.most_common()),
            "dropped": {reason: list(seen) for reason, seen in self.dropped.items()},
            "mended": {reason: list(seen) for reason, seen in self.mended.items()},
            "sources": self.files,
        }


class Tally(list[Problem]):
    """Counts problems by reason instead of keeping them: a broken file of a million rows has as many."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self._report = report

    def append(self, problem: Problem) -> None:
        """Count one; what is quoted in its reason may be personal and is left out."""
        reason = re.sub(r'"[^"\n]*"', "…", problem.reason.split(" (")[0])
        mended = re.search(r"mended|read as|taken out|kept|followed", problem.reason)
        self.add(reason, f"{problem.file.name}:{problem.line}", bool(mended))

    def add(self, reason: str, where: str, mended: bool = False) -> None:
        """One more of this reason."""
        seen = self._report.mended if mended else self._report.dropped
        times, first = seen.get(reason, (0, where))
        seen[reason] = times + 1, first


def import_logs(
    paths: Sequence[Path],
    out: Path,
    *,
    given: Mapping[str, str] | None = None,
    rules: RedactionRules = RedactionRules(),
    shown: Callable[[Path, str, Mapping[str, str]], None] | None = None,
    told: Callable[[int, int, int], None] | None = None,
) -> ImportReport:
    """Read all files, redact each conversation and write the folder `out`; same input, same bytes.

    `told` is given bytes read, bytes in all and conversations. A run that was killed goes on when it is
    called again with the same files and settings. Raises LogsUnreadable when nothing at all can be read,
    ImportRefused when `out` is something else or another import is writing it.
    """
    files = list(log_files(paths))
    source = _fingerprint(files, given or {}, rules)
    _check_free(out, files)
    work = out.with_name(out.name + ".part")
    with _alone(work):
        report = _run(files, work, source, Reading(given or {}, shown), rules, told)
        report.folder = out
        _publish(work, out, report, source)
    return report


def _run(
    files: Sequence[Path], work: Path, source: str, reading: Reading, rules: RedactionRules,
    told: Callable[[int, int, int], None] | None,
) -> ImportReport:  # fmt: skip
    report = ImportReport(work)
    done, size, report.redacted = _state(work, source)
    report.resumed = done
    choose = random.Random(0)
    chosen: list[tuple[Conversation, Conversation]] = []
    with (work / CONVERSATIONS).open("r+b" if size else "wb") as out:
        out.truncate(size)
        out.seek(size)
        saved = time.monotonic()
        for number, conversation in enumerate(_read(files, reading, report, told)):
            place = number if number < _SAMPLE else choose.randrange(number + 1)
            clean = None
            if number >= done or place < _SAMPLE:
                memory = Memory(rules)
                clean = redact_conversation(conversation, memory)
            if clean and number >= done:
                report.redacted.update(memory.counts)
                out.write(_line(clean))
                if time.monotonic() > saved + _SAVED:
                    _save(work, source, number + 1, out, report.redacted)
                    saved = time.monotonic()
            if clean and place < _SAMPLE:
                chosen[place : place + 1] = [(conversation, clean)]
        _save(work, source, report.conversations, out, report.redacted)
    if not report.conversations:
        raise LogsUnreadable(_nothing(report, files))
    report.examples = _examples(chosen)
    return report


def _read(
    files: Sequence[Path],
    reading: Reading,
    report: ImportReport,
    told: Callable[[int, int, int], None] | None,
) -> Iterator[Conversation]:
    """All conversations; a file that cannot be read at all is noted and the next one goes on."""
    total, before = sum(file.stat().st_size for file in files), 0
    tally = Tally(report)
    for file in files:

        def progress(at: int, before: int = before) -> None:
            if told:
                told(before + at, total, report.conversations)

        reading.told = progress
        start = report.conversations
        try:
            for conversation in read_log(file, tally, reading):
                report.conversations += 1
                report.messages += len(conversation.messages)
                report.languages[conversation.language] += 1
                for reason in conversation.left_out:
                    tally.add(f"message left out: {reason}", f"{file.name}: {conversation.id}")
                yield conversation
        except LogsUnreadable as error:
            report.unread.append(str(error))
        before += file.stat().st_size
        report.files.append(
            {"file": file.name, "bytes": file.stat().st_size, "conversations": report.conversations - start}
        )


def _line(conversation: Conversation) -> bytes:
    """One JSON object a line, with the names that `read_logs` knows."""
    row = {
        "id": _harmless(conversation.id),
        "customer_id": pseudonym(conversation.customer_id),
        "started_at": conversation.started_at.isoformat() if conversation.started_at else None,
        "language": conversation.language,
        "status": conversation.status,
        "rating": conversation.rating,
        "linked_article": conversation.linked_article,
        "channel": conversation.channel,
        "source": conversation.source,
        "messages": [
            {"role": m.role, "text": m.text, "at": m.at.isoformat() if m.at else None}
            for m in conversation.messages
        ],
    }
    return json.dumps(row, ensure_ascii=False).encode("utf-8", errors="replace") + b"\n"


def _harmless(name: str) -> str:
    """A ticket's number helps to find it again; one that may be a phone or an e-mail is disguised."""
    return name if re.fullmatch(r"[A-Za-z#_-]{0,12}\d{0,6}(?:-\d{1,6})?", name) else pseudonym(name)


def _examples(chosen: Sequence[tuple[Conversation, Conversation]]) -> list[tuple[str, str]]:
    """At most one message of a conversation, those first that were changed."""
    pairs = [
        next(((m.text, c.text) for m, c in both if m.text != c.text), (both[0][0].text, both[0][1].text))
        for before, after in chosen
        if (both := list(zip(before.messages, after.messages, strict=True)))
    ]
    random.Random(1).shuffle(pairs)
    return sorted(pairs, key=lambda pair: pair[0] == pair[1])[:EXAMPLES]


def _fingerprint(files: Sequence[Path], given: Mapping[str, str], rules: RedactionRules) -> str:
    about = [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    said = json.dumps([FORMAT, about, sorted(given.items()), rules.to_json()], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _state(work: Path, source: str) -> tuple[int, int, Counter[str]]:
    """Conversations done, bytes of them, and what was replaced; nothing when the files are others."""
    try:
        state = json.loads((work / "state.json").read_text())
        whole = (work / CONVERSATIONS).stat().st_size >= state["bytes"]
    except (OSError, ValueError, KeyError):
        return 0, 0, Counter()
    if state["source"] != source or not whole:
        return 0, 0, Counter()
    return state["done"], state["bytes"], Counter(state["redacted"])


def _save(work: Path, source: str, done: int, out: IO[bytes], redacted: Counter[str]) -> None:
    out.flush()
    os.fsync(out.fileno())
    state = {"source": source, "done": done, "bytes": out.tell(), "redacted": dict(redacted)}
    new = work / "state.json.new"
    new.write_text(json.dumps(state))
    os.replace(new, work / "state.json")


def _publish(work: Path, out: Path, report: ImportReport, source: str) -> None:
    """The manifest last, then the folder into its place; an older import of the same files makes room."""
    with (work / CONVERSATIONS).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    about = {"format": FORMAT, "kind": "logs", "files": {CONVERSATIONS: digest}, **report.counts()}
    (work / "state.json").unlink(missing_ok=True)
    (work / ".lock").unlink(missing_ok=True)
    (work / MANIFEST).write_text(json.dumps(about, ensure_ascii=False, indent=2), encoding="utf-8")
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        os.rename(out, old)
    os.rename(work, out)
    shutil.rmtree(old, ignore_errors=True)


def _check_free(out: Path, files: Sequence[Path]) -> None:
    if not out.exists():
        return
    try:
        about = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        names = [source["file"] for source in about["sources"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImportRefused(f"{out} is there and is no imported log: give another --name.") from error
    if names != [file.name for file in files]:
        raise ImportRefused(f"{out} was imported from {', '.join(names)}: give another --name.")


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Hold the folder for writing; the system lets go of it when the process dies."""
    work.mkdir(parents=True, exist_ok=True)
    with (work / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ImportRefused(f"Another import is writing {work}: wait until it has ended.") from error
        yield


def _nothing(report: ImportReport, files: Sequence[Path]) -> str:
    if report.unread:
        return " ".join(report.unread)
    reasons = "; ".join(f"{reason} ({first})" for reason, (_, first) in report.dropped.items())
    named = ", ".join(map(str, files))
    return f"There is no conversation in {named} ({reasons}): give CSV or JSON exports of your support desk."
