"""Which model version is published: a small file that is replaced at once, and a history that only grows."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from chatbot.errors import NothingPublished, PublicationUnreadable

POINTER = "published.json"
HISTORY = "history.jsonl"
KEPT = 20  # publications that `rollback` can undo, one after the other


@dataclass(frozen=True, slots=True)
class Published:
    """A version as it was when it was published: the folder's name under <home>/models, and its hash."""

    folder: str
    version: str


@dataclass(frozen=True, slots=True)
class Publication:
    """What a server should serve. `current` None: the default model that came with the installation.

    `canary` answers a `share` (0..1) of the conversations. `before` are the earlier ones, the latest last.
    """

    current: Published | None = None
    canary: Published | None = None
    share: float = 0.0
    before: tuple[Published | None, ...] = ()


def read_publication(home: Path) -> Publication:
    """What is published in this installation; nothing yet is no error. Raises PublicationUnreadable."""
    path = home / "models" / POINTER
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        return Publication(
            _published(row["current"]),
            _published(row["canary"]),
            float(row["share"]),
            tuple(_published(before) for before in row["before"]),
        )
    except FileNotFoundError:
        return Publication()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PublicationUnreadable(
            f"{path} cannot be read ({error!r}); remove it to serve the default model, then publish again."
        ) from error


def publish(home: Path, published: Published, **about: Any) -> Publication:
    """Make a version the current one; a canary ends. `about` goes into the history, with time and user."""

    def move(now: Publication) -> Publication:
        return Publication(published, before=(*now.before, now.current)[-KEPT:])

    return _change(home, move, action="publish", **asdict(published), **about)


def start_canary(home: Path, published: Published, share: float, **about: Any) -> Publication:
    """Send a share (0..1) of the conversations to a version; the others stay with the current one."""

    def move(now: Publication) -> Publication:
        return replace(now, canary=published, share=share)

    return _change(home, move, action="canary", share=share, **asdict(published), **about)


def rollback(home: Path, only: Published | None = None, **about: Any) -> Publication:
    """Undo the last publication: a canary ends, else the version before becomes the current one.

    With `only`, that version is taken back, and nothing happens when it is published no more: several
    servers may find the same fault. Raises NothingPublished.
    """

    def move(now: Publication) -> Publication:
        if only and only not in (now.canary, now.current):
            return now
        if not now.canary and not now.current:
            raise NothingPublished(
                "Nothing is published that could be taken back; type `chatbot models publish NAME`."
            )
        if now.canary and only in (None, now.canary):
            return replace(now, canary=None, share=0.0)
        *before, last = now.before or (None,)
        return Publication(last, before=tuple(before))

    return _change(home, move, action="rollback", **about)


def record(home: Path, **about: Any) -> None:
    """Add one line to the history, with the time and the operating system's user."""
    line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "who": _user(), **about}
    text = json.dumps(line, ensure_ascii=False, default=str) + "\n"
    path = home / "models" / HISTORY
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(
            text.encode("utf-8")
        )  # one write in append mode, so that lines of two processes do not mix
        file.flush()
        os.fsync(file.fileno())


def history(home: Path) -> list[dict[str, Any]]:
    """Publications, refusals, swaps and rollbacks, oldest first; a line cut short by a crash is left out."""
    try:
        text = (home / "models" / HISTORY).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return list(_rows(text))


def in_share(conversation_id: str, published: Published, share: float) -> bool:
    """Whether a conversation belongs to the canary: always the same answer for the same conversation."""
    digest = sha256(f"{published.version} {conversation_id}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def _change(home: Path, move: Callable[[Publication], Publication], **about: Any) -> Publication:
    """The record comes first: nothing is published that the history does not know."""
    with _lock(home / "models"):
        now = read_publication(home)
        new = move(now)
        if new == now and about["action"] == "rollback":
            return now
        record(home, **about, before=_shown(now), after=_shown(new))
        _replace(home / "models" / POINTER, json.dumps(asdict(new), indent=2) + "\n")
    return new


def _shown(publication: Publication) -> str:
    current = publication.current.folder if publication.current else "default"
    canary = publication.canary
    return f"{current} + {publication.share:.0%} {canary.folder}" if canary else current


def _published(row: dict[str, str] | None) -> Published | None:
    return Published(str(row["folder"]), str(row["version"])) if row else None


def _rows(text: str) -> Iterator[dict[str, Any]]:
    for line in text.split("\n"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a number without a name
        return str(os.getuid())


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One change at a time, also of several processes; the system lets go when a process dies."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".publish.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
