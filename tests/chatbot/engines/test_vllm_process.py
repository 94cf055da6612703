"""The watched server process: it starts, dies, comes back, gives up, and never outlives its owner."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatbot.engines import vllm_process
from chatbot.engines.vllm_engine import VllmEngine
from chatbot.engines.vllm_process import VllmProcess
from chatbot.errors import EngineFailed
from chatbot.models.abstention import FirstTokens
from chatbot.models.folders import ModelFolder
from tests.chatbot.engines.fake_vllm import WORDS
from tests.quick import quick_model

ROOT = Path(__file__).parents[3]
HELLO = [{"role": "user", "content": "hello"}]
KILL = [{"role": "user", "content": "kill"}]
LAYERS = 24  # with fewer the model writes so fast that the server comes to nothing else


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    path = tmp_path / "model"
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"max_position_embeddings": 512}))
    (path / "behaviour").write_text("")
    return ModelFolder(path, "tiny", "1")


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Stands for the interpreter of vLLM's environment: whatever module it is asked for, it plays vLLM."""
    script = tmp_path / "python"
    fake = Path(__file__).with_name("fake_vllm.py")
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake}" "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture
def process(folder: ModelFolder, python: Path, tmp_path: Path) -> Iterator[VllmProcess]:
    process = VllmProcess(folder, python, tmp_path / "home" / "vllm.log")
    yield process
    process.stop()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def pids(folder: ModelFolder) -> list[int]:
    return [int(pid) for pid in (folder.path / "pids").read_text().split()]


def starts(folder: ModelFolder) -> int:
    return int((folder.path / "starts").read_text())


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def collect(engine: VllmEngine, messages: list[dict[str, str]]) -> list[str]:
    return [piece async for piece in engine.stream(messages)]


def test_starts_answers_and_stops_with_its_workers(process: VllmProcess, folder: ModelFolder) -> None:
    async def visit() -> None:
        engine = VllmEngine(process)
        assert await engine.problem() == ""
        assert engine.model == "tiny@1"
        assert await collect(engine, HELLO) == WORDS
        await engine.aclose()
        assert "stopped" in await engine.problem()

    process.start()
    family = pids(folder)
    assert all(map(alive, family))
    asyncio.run(visit())
    assert not any(map(alive, family))


def test_the_command_names_model_address_and_limits(process: VllmProcess, folder: ModelFolder) -> None:
    command = process._command(8000)
    assert command[1:3] == ["-m", "vllm.entrypoints.openai.api_server"]
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--served-model-name") + 1] == "tiny"
    assert command[command.index("--max-model-len") + 1] == "512", "no more than the model can read"


@pytest.mark.parametrize(("cores", "threads"), [(1, "1"), (2, "1"), (4, "3"), (16, None)])
def test_on_few_cores_one_process_computes(
    monkeypatch: pytest.MonkeyPatch, cores: int, threads: str | None
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(vllm_process, "has_gpu", lambda: False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    environment = vllm_process._environment()
    assert environment.get("OMP_NUM_THREADS") == threads
    assert environment.get("VLLM_ENABLE_V1_MULTIPROCESSING") == ("0" if threads else None)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert vllm_process._environment()["OMP_NUM_THREADS"] == "2", "who asks for it gets it"


def test_missing_environment_says_what_to_type(folder: ModelFolder, tmp_path: Path) -> None:
    process = VllmProcess(folder, tmp_path / "nowhere" / "python", tmp_path / "vllm.log")
    with pytest.raises(EngineFailed, match="make vllm"):
        process.start()


def test_early_exit_quotes_the_cause(process: VllmProcess, folder: ModelFolder) -> None:
    (folder.path / "behaviour").write_text("die")
    with pytest.raises(EngineFailed, match="did not start: ValueError: The weights are upside down"):
        process.start()
    assert starts(folder) == 1, "a server that cannot start is not started again"


def test_a_server_that_dies_later_is_started_again(process: VllmProcess, folder: ModelFolder) -> None:
    async def visit() -> None:
        engine = VllmEngine(process)
        with pytest.raises(EngineFailed, match="died"):
            await collect(engine, KILL)
        await asyncio.to_thread(until, lambda: "started again" in process.problem or starts(folder) == 2)
        await asyncio.to_thread(until, lambda: starts(folder) == 2 and not process.problem)
        assert await collect(engine, HELLO) == WORDS

    process.start()
    first = pids(folder)
    asyncio.run(visit())
    assert not any(map(alive, first)), "the orphans of the dead server are gone too"


def test_while_it_is_down_requests_fail_at_once(process: VllmProcess, folder: ModelFolder) -> None:
    process.start()
    (folder.path / "behaviour").write_text("silent")
    os.kill(pids(folder)[0], signal.SIGKILL)
    until(lambda: "started again" in process.problem)
    with pytest.raises(EngineFailed, match="started again"):
        asyncio.run(collect(VllmEngine(process), HELLO))


def test_gives_up_after_three_restarts(process: VllmProcess, folder: ModelFolder) -> None:
    process.start()
    for n in range(1, 5):
        until(lambda n=n: starts(folder) == n and not process.problem)
        os.kill(pids(folder)[0], signal.SIGKILL)
    until(lambda: "died 4 times within 10 minutes" in process.problem)
    assert starts(folder) == 4


def test_stop_during_the_start(process: VllmProcess, folder: ModelFolder) -> None:
    (folder.path / "behaviour").write_text("silent")
    ends: list[str] = []

    def start() -> None:
        try:
            process.start()
        except EngineFailed as error:
            ends.append(str(error))

    starting = threading.Thread(target=start)
    starting.start()
    until(lambda: (folder.path / "pids").exists() and len(pids(folder)) == 2)
    process.stop()
    starting.join(10)
    assert "stopped" in ends[0]
    assert not any(map(alive, pids(folder)))


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, None])
def test_ends_with_its_owner(folder: ModelFolder, python: Path, tmp_path: Path, ending: int | None) -> None:
    """Killed, told to end, or at its own end: whatever happens to the chatbot, nothing stays behind."""
    code = (
        "import sys, time; from pathlib import Path\n"
        "from chatbot.models.folders import ModelFolder\n"
        "from chatbot.engines.vllm_process import VllmProcess\n"
        f"p = VllmProcess(ModelFolder(Path({str(folder.path)!r}), 'tiny', '1'), Path({str(python)!r}),"
        f" Path({str(tmp_path / 'vllm.log')!r}))\n"
        "p.start(); print('up', flush=True)\n"
        f"time.sleep({60 if ending else 0})\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    assert owner.stdout
    assert owner.stdout.readline() == b"up\n"
    family = pids(folder)
    if ending:
        owner.send_signal(ending)
    owner.wait(30)
    until(lambda: not any(map(alive, family)))


@pytest.mark.vllm
def test_real_vllm_streams_cancels_dies_and_recovers(tmp_path: Path) -> None:
    """CHATBOT_VLLM_PYTHON, or .venv-vllm in the working directory; about two minutes on two cores."""
    from chatbot.settings import load_settings

    base = quick_model(tmp_path / "quick", map(str, range(1000)), context=4096, layers=LAYERS)
    process = VllmProcess(base, load_settings().vllm_python, tmp_path / "vllm.log")

    async def visit() -> None:
        engine = VllmEngine(process)
        question = [{"role": "user", "content": "The capital of France is"}]
        told, *said = [event async for event in engine.stream(question, 20, first_tokens=True)]
        assert isinstance(told, FirstTokens)
        assert len(said) > 1
        assert all(isinstance(piece, str) for piece in said)
        likeliest = max(told.probabilities, key=lambda token: told.probabilities[token])
        assert "".join(map(str, said)).startswith(likeliest)
        await _leave_and_see_it_stop(engine, question)
        with pytest.raises(EngineFailed, match="died"):
            await _kill_during(engine, question)
        await asyncio.to_thread(until, lambda: bool(process.problem))
        await asyncio.to_thread(until, lambda: not process.problem, 300)
        assert [piece async for piece in engine.stream(question, 5)]
        await engine.aclose()

    try:
        process.start()
        asyncio.run(visit())
    finally:
        process.stop()


async def _kill_during(engine: VllmEngine, question: list[dict[str, str]]) -> None:
    async for _piece in engine.stream(question, 2000):
        os.kill(_server_pid(engine.process), signal.SIGKILL)


async def _leave_and_see_it_stop(engine: VllmEngine, question: list[dict[str, str]]) -> None:
    import httpx

    address = engine.process.base_url.removesuffix("/v1") + "/metrics"
    stream = engine.stream(question, 3000)
    await anext(stream)
    async with httpx.AsyncClient(trust_env=False) as client:
        assert await _counts(client, address, " 1.0")
        await stream.aclose()
        assert await _counts(client, address, " 0.0")


async def _counts(client, address: str, wanted: str) -> bool:
    """Whether the server says so within five seconds: on a busy machine it counts late."""
    for _ in range(20):
        if wanted in _running(await client.get(address)):
            return True
        await asyncio.sleep(0.25)
    return False


def _running(response) -> str:
    return next(line for line in response.text.splitlines() if line.startswith("vllm:num_requests_running{"))


def _server_pid(process: VllmProcess) -> int:
    assert process._guard
    children = Path(f"/proc/{process._guard.pid}/task/{process._guard.pid}/children")
    return int(children.read_text().split()[0])
