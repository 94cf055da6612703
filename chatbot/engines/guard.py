"""Runs one command in its own process group and ends the whole group when its own standard input closes.

A pipe closes however its owner dies, also by SIGKILL, and on every Unix; a server that starts its own worker
processes therefore never outlives the chatbot. Uses the standard library alone, and is run as a script:
`python guard.py command argument...`
"""

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_SECONDS = 10.0  # for a server that is told to end
ORPHANS_SECONDS = 1.0  # for the workers of a server that is dead already


def main(command: list[str]) -> None:
    """Start the command, then end the group as soon as the command or the owner is gone."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # the group is told to end, this process last
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_follow_owner, args=(child,), daemon=True).start()
    child.wait()
    _end_group(ORPHANS_SECONDS)


def _follow_owner(child: "subprocess.Popen[bytes]") -> None:
    os.read(0, 1)  # returns only when the other end of the pipe is closed
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(0, signal.SIGKILL)


def _end_group(seconds: float) -> None:
    os.killpg(0, signal.SIGTERM)
    time.sleep(seconds)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
