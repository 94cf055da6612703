"""Runs one command in its own process group and ends the whole group when its own standard input closes.

A pipe closes however its owner dies, also by SIGKILL, and on every Unix; a server that starts its own worker
processes therefore never outlives the chatbot, and neither do the sockets that vLLM would leave in /tmp.
Uses the standard library alone, and is run as a script: `python guard.py command argument...`
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

GRACE_SECONDS = 10.0  # for a server that is told to end
ORPHANS_SECONDS = 1.0  # for the workers of a server that is dead already


def main(command: list[str]) -> None:
    """Start the command, then end the group as soon as the command or the owner is gone."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # the group is told to end, this process last
    sockets = tempfile.mkdtemp(prefix="chatbot-")
    environment = {**os.environ, "VLLM_RPC_BASE_PATH": sockets}
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment)
    threading.Thread(target=_follow_owner, args=(child, sockets), daemon=True).start()
    child.wait()
    os.killpg(0, signal.SIGTERM)
    time.sleep(ORPHANS_SECONDS)
    _kill_group(sockets)


def _follow_owner(child: "subprocess.Popen[bytes]", sockets: str) -> None:
    os.read(0, 1)  # returns only when the other end of the pipe is closed
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    _kill_group(sockets)


def _kill_group(sockets: str) -> None:
    """End what is left of the group, this process too, after the folder that nobody else would remove."""
    shutil.rmtree(sockets, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
