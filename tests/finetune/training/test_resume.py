"""A run that is killed goes on from its last checkpoint and ends with the very same weights."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatbot.models.folders import ModelFolder
from finetune.training import checkpoints, watch
from finetune.training.clock import Moment
from finetune.training.recipe import Method, Recipe, recipe_of
from finetune.training.train import checkpoint_folder, read_trained, train
from tests.finetune.made_up import example
from tests.tiny import tiny_model

ROOT = Path(__file__).resolve().parents[3]
ROWS = [example(n, answer="yes " * (1 + n % 5)) for n in range(17)]
HELD = [example(n) for n in range(30, 34)]
KILLS = 5
PROGRAM = """
import sys
from pathlib import Path
from finetune.training import watch
from finetune.training.train import train
from tests.finetune.training.test_resume import HELD, ROWS, recipe
watch.SAVE_SECONDS = 0.0
base, out, epochs = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
train(base, ROWS, HELD, out, recipe(epochs), lambda now: print(now.share, flush=True), resume=True)
"""


def recipe(epochs: float, method: Method = "lora") -> Recipe:
    return recipe_of(method, epochs=epochs, learning_rate=1e-2, rank=4, patience=0)


class Killed(BaseException):
    """Like a signal: nothing in between catches it."""


def weights(out: Path) -> bytes:
    (file,) = (path for path in out.glob("*.safetensors"))
    return file.read_bytes()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    return tiny_model(tmp_path_factory.mktemp("tiny") / "tiny", context=2048)


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(watch, "SAVE_SHARE", 1e9)


@pytest.mark.parametrize(
    "method", ["lora", *(pytest.param(m, marks=pytest.mark.slow) for m in ("adalora", "prefix", "full"))]
)
def test_a_run_that_is_cut_off_twice_ends_alike(tiny: ModelFolder, tmp_path: Path, method: Method) -> None:
    plan = recipe(3, method)
    whole = train(tiny.path, ROWS, HELD, tmp_path / "whole", plan)
    steps = 0

    def cut(now: Moment) -> None:
        nonlocal steps
        steps += 1
        if steps in (3, 7):
            raise Killed

    for _ in range(2):
        with pytest.raises(Killed):
            train(tiny.path, ROWS, HELD, tmp_path / "cut", plan, cut, resume=True)
        assert not (tmp_path / "cut").exists()
    again = train(tiny.path, ROWS, HELD, tmp_path / "cut", plan, resume=True)
    assert weights(again.adapter) == weights(whole.adapter)
    assert again.curve == whole.curve
    assert again.validated == whole.validated
    assert (again.steps, again.tokens, again.validation) == (whole.steps, whole.tokens, whole.validation)


def test_a_finished_run_is_not_run_again(tiny: ModelFolder, tmp_path: Path) -> None:
    first = train(tiny.path, ROWS, [], tmp_path / "out", recipe(1))
    assert train(tmp_path / "gone", ROWS, [], tmp_path / "out", recipe(1), resume=True) == first
    assert read_trained(tmp_path / "out") == first


def test_a_checkpoint_that_was_cut_off_is_not_used(tmp_path: Path) -> None:
    assert checkpoints.newest(tmp_path) is None
    for step in (9, 10):
        (tmp_path / f"checkpoint-{step}").mkdir()
        checkpoints.mark_whole(tmp_path / f"checkpoint-{step}", 7.0)
    (tmp_path / "checkpoint-11").mkdir()
    found = checkpoints.newest(tmp_path)
    assert found == tmp_path / "checkpoint-10"
    assert checkpoints.seconds_of(found) == 7.0


@pytest.mark.slow
def test_killed_at_five_random_points_it_ends_alike(tiny: ModelFolder, tmp_path: Path) -> None:
    epochs, chance = 12, random.Random()
    whole = train(tiny.path, ROWS, HELD, tmp_path / "whole", recipe(epochs))
    command = [sys.executable, "-c", PROGRAM, str(tiny.path), str(tmp_path / "out"), str(epochs)]
    killed = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
        ) as process:
            assert process.stdout is not None
            for _ in range(chance.randint(1, 6)):
                assert process.stdout.readline()
            time.sleep(chance.random() * 0.2)  # between two steps, or while a checkpoint is written
            process.send_signal(signal.SIGKILL)
        killed += not (tmp_path / "out").exists()
    assert killed == KILLS
    assert checkpoints.newest(checkpoint_folder(tmp_path / "out"))
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    assert weights(tmp_path / "out") == weights(whole.adapter)
    assert read_trained(tmp_path / "out").curve == whole.curve
