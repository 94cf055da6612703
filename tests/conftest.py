"""Fixtures that several packages use: a home for built models, the real base model, and a tiny one."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from chatbot.models.folders import ModelFolder, base_model
from chatbot.settings import load_settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Two workers, and vLLM beside them, on two cores: threads of tiny models that wait for each other took 65 s
# for what one thread does in 3.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """The files with a real vLLM first: they take minutes, and at the end one worker would wait for them.

    Of these, files that need the packaged model come last, so that not both workers begin with it: one of
    them would only wait for it to be built.
    """
    long = {item.path for item in items if item.get_closest_marker("vllm")}
    python = load_settings().vllm_python
    if not python.exists():
        for item in items:
            if item.get_closest_marker("vllm"):
                item.add_marker(pytest.mark.skip(reason=f"no vLLM at {python}; type `make vllm`"))
    packaged = {item.path for item in items if "home" in item.fixturenames}
    items.sort(key=lambda item: (item.path not in long, item.path in packaged))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all workers of a run build models; CHATBOT_TEST_HOME keeps them from run to run."""
    kept = os.environ.get("CHATBOT_TEST_HOME")
    if kept:
        return Path(kept)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return tmp_path_factory.mktemp("home")
    shared = tmp_path_factory.getbasetemp().parent / "home"
    shared.mkdir(exist_ok=True)
    return shared


@pytest.fixture(scope="session")
def base(home: Path) -> ModelFolder:
    """The packaged model; building it takes about 40 s, so tests that use it are marked slow."""
    with (home / "base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the other worker waits instead of building it too
        return base_model(home)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A random model of two layers that reads and writes single bytes, made in a second."""
    from tests.tiny import tiny_model

    return tiny_model(tmp_path_factory.mktemp("tiny") / "tiny")
