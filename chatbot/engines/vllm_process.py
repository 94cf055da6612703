"""A vLLM server of our own: started in its own environment, watched, restarted when it dies, and stopped."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from chatbot.engines import guard
from chatbot.errors import EngineFailed
from chatbot.models.folders import ModelFolder
from chatbot.models.prefix import prefix_of
from chatbot.settings import Dtype

START_SECONDS = 600.0  # longest start; 30 to 60 s on two cores without a GPU, more when a GPU build compiles
POLL_SECONDS = 0.25
RESTARTS = 3
WITHIN_SECONDS = 600.0
FEW_CORES = 4
CONTEXT = 4096  # tokens of prompt and answer; three passages and the history come to about 1500
STARTING = "The model server is starting; ask again in a minute."
STOPPED = "The model server has been stopped; start the chatbot again."


class VllmProcess:
    """vLLM in a process group of its own, which ends with this process, however that ends.

    `python` is the interpreter of vLLM's environment, `log` the file for its output. `start` blocks.
    Afterwards a watching thread starts the server again when it dies, at most 3 times in 10 minutes.
    `options` are further ones of vLLM; `adapters` (name: folder) are loaded at each start.
    """

    def __init__(
        self,
        folder: ModelFolder,
        python: Path,
        log: Path,
        dtype: Dtype = "auto",
        options: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.log = log
        self.problem = STARTING  # "" when it answers
        self.base_url = ""
        self.adapters: dict[str, Path] = {}
        self._options = options
        self._python = python
        self._dtype = dtype
        self._guard: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._settled = threading.Event()  # it has answered for the first time, or never will
        self._thread = threading.Thread(target=self._watch, name="vllm", daemon=True)

    def start(self) -> None:
        """Start the server and wait until it answers. Raises EngineFailed with the reason from its log."""
        if not self._python.exists():
            raise EngineFailed(
                f"vLLM's own environment is missing (there is no {self._python}); "
                "type `make vllm`, or use `--engine local`."
            )
        if prefix_of(self.folder.path):
            raise EngineFailed(
                f"vLLM cannot serve {self.folder.label}, which has a learned prefix; use `--engine local`, "
                "or tune it with another --method."
            )
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_bytes(b"")
        self._thread.start()
        self._settled.wait()
        if self.problem:
            raise EngineFailed(self.problem)

    def stop(self) -> None:
        """End the server and everything it started; may take some seconds, and may be called twice."""
        self._stopping.set()
        self.problem = STOPPED
        self._end()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        deaths: list[float] = []
        while not self._stopping.is_set():
            self._launch()
            if self._answers():
                self._settle("")
                self._running().wait()
            if self._stopping.is_set():
                break
            self._end()
            deaths = [t for t in [*deaths, time.monotonic()] if t > time.monotonic() - WITHIN_SECONDS]
            if not self._settled.is_set() or len(deaths) > RESTARTS:
                return self._settle(self._epitaph(len(deaths)))
            self.problem = "The model server died and is being started again; ask again in a minute."
        return self._settle(STOPPED)

    def _settle(self, problem: str) -> None:
        self.problem = STOPPED if self._stopping.is_set() else problem
        self._settled.set()

    def _launch(self) -> None:
        port = _free_port()
        self.base_url = f"http://127.0.0.1:{port}/v1"
        with self.log.open("ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", guard.__file__, *self._command(port)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,
            )

    def _command(self, port: int) -> list[str]:
        options = {
            "--model": str(self.folder.path.absolute()),
            "--served-model-name": self.folder.name,
            "--host": "127.0.0.1",
            "--port": str(port),
            "--dtype": self._dtype,
            "--max-model-len": str(min(CONTEXT, _context(self.folder.path))),
        }
        # Compiling pays on a GPU; on a CPU it only makes the start longer.
        flags = ["--disable-uvicorn-access-log", *([] if has_gpu() else ["--enforce-eager"])]
        module = ["-m", "vllm.entrypoints.openai.api_server"]
        # Not resolved: a virtual environment is recognised by the path of its interpreter.
        listed = [f"{name}={path.absolute()}" for name, path in self.adapters.items()]
        adapters = ["--lora-modules", *listed] if listed else []
        given = [x for o in options.items() for x in o]
        return [str(self._python.absolute()), *module, *given, *flags, *self._options, *adapters]

    def _answers(self) -> bool:
        """Wait for GET /health; False when the process ends, time is up, or `stop` was called."""
        import httpx

        address = self.base_url.removesuffix("/v1") + "/health"
        deadline = time.monotonic() + START_SECONDS
        with httpx.Client(trust_env=False, timeout=5) as client:
            while self._running().poll() is None and time.monotonic() < deadline:
                if self._stopping.wait(POLL_SECONDS):
                    return False
                try:
                    if client.get(address).is_success:
                        return True
                except httpx.HTTPError:
                    continue
        return False

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._guard
        return self._guard

    def _end(self) -> None:
        """Close the guard's input, on which it ends the group, and wait for that."""
        if self._guard and self._guard.stdin:
            self._guard.stdin.close()
            try:
                self._guard.wait(guard.GRACE_SECONDS + 5)
            except subprocess.TimeoutExpired:
                os.killpg(self._guard.pid, 9)
                self._guard.wait()

    def _epitaph(self, deaths: int) -> str:
        ended = "did not start" if not self._settled.is_set() else f"died {deaths} times within 10 minutes"
        return f"The model server {ended}: {_last_words(self.log)}; read {self.log}, or use `--engine local`."


def has_gpu() -> bool:
    """Whether the NVIDIA driver runs here; asked without importing torch, which is not the one vLLM uses."""
    return Path("/dev/nvidiactl").exists()


def _environment() -> dict[str, str]:
    """Ours, with vLLM's settings for a small machine where nothing else is asked for."""
    small = {
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB: 80,000 tokens of the small model
        # All cores but one. Threads that share their cores with other work wait for each other at every step:
        # on two busy cores 34 tokens/s bound to one core, 12 bound to both, 2 not bound.
        "VLLM_CPU_OMP_THREADS_BIND": "auto",
        # Without it the routes that load an adapter do not exist. The server listens on the loopback alone.
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
    }
    cores = len(os.sched_getaffinity(0))
    if cores <= FEW_CORES and not has_gpu():
        # The scheduler computes itself, where a worker process would be bound to those cores: on two cores as
        # many tokens/s, 13 s sooner, with 600 MB less. On more cores, where binding may pay, it is not tried.
        small |= {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "OMP_NUM_THREADS": str(max(1, cores - 1))}
    return small | os.environ


def _context(folder: Path) -> int:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return int(config.get("max_position_embeddings", CONTEXT))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _last_words(log: Path) -> str:
    """The first error in the log, which is the cause of those after it; without one, the last lines."""
    lines = [
        re.sub(r"^\(.*?\)\s*", "", line).strip() for line in log.read_text(errors="replace").splitlines()
    ]
    lines = [re.sub(r"^ERROR \S+ \S+ \[.*?\]\s*", "", line) for line in lines if line]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (errors[0] if errors else " | ".join(lines[-3:]) or "it said nothing").rstrip(".")
