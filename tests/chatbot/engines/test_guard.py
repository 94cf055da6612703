"""A guarded command leaves neither a process nor a file when it or its owner ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from chatbot.engines import guard

LEAVES_A_FILE = """
import os, sys, time
print(os.environ["VLLM_RPC_BASE_PATH"], flush=True)
open(os.environ["VLLM_RPC_BASE_PATH"] + "/socket", "w").close()
print("written", flush=True)
time.sleep(float(sys.argv[1]))
"""


@pytest.mark.parametrize("seconds", [0, 60], ids=["the command ends", "the owner ends"])
def test_the_folder_of_sockets_is_removed(seconds: int) -> None:
    command = [sys.executable, "-c", LEAVES_A_FILE, str(seconds)]
    guarded = subprocess.Popen(
        [sys.executable, "-I", guard.__file__, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert guarded.stdin
    assert guarded.stdout
    folder = Path(guarded.stdout.readline().strip())
    assert guarded.stdout.readline() == "written\n"
    if seconds:
        assert (folder / "socket").exists()
        guarded.stdin.close()
    guarded.wait(20)
    assert not folder.exists()
