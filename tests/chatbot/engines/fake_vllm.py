"""Plays `python -m vllm.entrypoints.openai.api_server`: a real process that answers, lingers, or dies.

The file `behaviour` in the model folder says what it does: "die" (at once, with a traceback), "silent"
(never healthy), or "" (answers). A customer who says "kill" makes it kill itself. It takes and gives back
adapters as vLLM does; each says what the file `says` in its folder has, a model what its own `says` has.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WORDS = ["Of ", "course", ".", " 退", "货"]
ADAPTERS: dict[str, str] = {}
USED: set[str] = set()


def option(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


class Server(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.answer(b"{}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("_lora_adapter"):
            self.change_adapters(body)
            return
        served = {option("--served-model-name"): option("--model"), **ADAPTERS}
        if body["model"] not in served:
            self.answer(b"{}", 404)
            return
        says = Path(served[body["model"]]) / "says"
        words = [says.read_text()] * 5 if says.exists() else WORDS
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for place, word in enumerate(words, start=1):
            end = "stop" if place == len(words) else None
            chunk = {"choices": [{"delta": {"content": word}, "finish_reason": end}]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()
            time.sleep(0.01 if says.exists() else 0)
            if body["messages"][-1]["content"] == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
        self.wfile.write(b"data: [DONE]\n\n")

    def change_adapters(self, body: dict[str, str]) -> None:
        name = body["lora_name"]
        if self.path.endswith("unload_lora_adapter"):
            self.answer(b"gone", 200 if ADAPTERS.pop(name, None) else 404)
        elif name in USED or "--enable-lora" not in sys.argv:  # else it would answer from stale caches
            self.answer(b'{"message": "not again"}', 400)
        else:
            USED.add(name)
            ADAPTERS[name] = body["lora_path"]
            self.answer(b"here")

    def answer(self, content: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def write(path: Path, text: str) -> None:
    """At once, because the test may be reading."""
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").rename(path)


def main() -> None:
    folder = Path(option("--model"))
    starts = folder / "starts"
    write(starts, str(int(starts.read_text() if starts.exists() else "0") + 1))
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    write(folder / "pids", f"{os.getpid()} {worker.pid}")
    behaviour = (folder / "behaviour").read_text()
    if "--lora-modules" in sys.argv:
        ADAPTERS.update(pair.split("=") for pair in sys.argv[sys.argv.index("--lora-modules") + 1 :])
    if behaviour == "die":
        raise ValueError("The weights are upside down")
    if behaviour == "silent":
        time.sleep(600)
    ThreadingHTTPServer(("127.0.0.1", int(option("--port"))), Server).serve_forever()


if __name__ == "__main__":
    main()
