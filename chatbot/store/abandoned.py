"""Turns that a killed process left open: who held them, and how they end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

KILLED = "The process that answered was killed before the answer was complete."


def close_abandoned(db: Any, now: str) -> None:
    """Fail the open turns whose process is gone; those of another living process are left to it."""
    open_turns = list(db.query("select id, process from turns where status = 'open'"))
    for row in open_turns:
        if not _alive(row["process"]):
            changes = {"status": "failed", "error": KILLED, "closed_at": now}
            db["turns"].update(row["id"], changes)


def this_process() -> str:
    """Who holds a turn that is opened here."""
    return _process(os.getpid())


def _process(pid: int) -> str:
    """As "<pid>@<start>": the start time (ticks since boot, proc(5) field 22) tells a reused pid apart."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return f"{pid}@"
    return f"{pid}@" if after_name[0] == "Z" else f"{pid}@{after_name[19]}"


def _alive(process: str) -> bool:
    pid = int(process.partition("@")[0])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _process(pid) == process
