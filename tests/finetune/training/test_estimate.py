"""The estimate before a run: it counts right, measures something, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.models.folders import ModelFolder
from finetune.errors import TrainingError
from finetune.training.estimate import estimate
from finetune.training.recipe import Recipe
from finetune.training.train import encode, load
from tests.finetune.made_up import example
from tests.tiny import tiny_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    return tiny_model(tmp_path_factory.mktemp("tiny") / "tiny", context=2048)


def test_it_counts_and_measures(tiny: ModelFolder, tmp_path: Path) -> None:
    rows = [example(n) for n in range(40)]
    found = estimate(tiny.path, rows, rows[:4], tmp_path, Recipe(epochs=2.5, rank=2))
    tokens = sum(len(row["input_ids"]) for row in encode(load(tiny.path)[1], rows))
    assert found.tokens == round(2.5 * tokens)
    assert found.steps == 13
    assert found.seconds > tokens / found.tokens_a_second
    assert found.trainable == sum(2 * (i + o) for i, o in SHAPES) * LAYERS
    assert found.memory > 100 << 20
    assert 0 < found.disk < found.free
    assert not list(tmp_path.iterdir())
    assert [line.split()[0] for line in found.lines()] == ["time", "memory", "disk"]
    assert estimate(tiny.path, rows, [], tmp_path, Recipe(minutes=0.001)).seconds <= 0.06


def test_nothing_to_train_on(tiny: ModelFolder, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="No example fits"):
        estimate(tiny.path, [], [], tmp_path, Recipe())


LAYERS = 2  # of the tiny model: with two layers both are in the upper two thirds
SHAPES = [(32, 32), (32, 16), (32, 16), (32, 32), (32, 64), (32, 64), (64, 32)]  # q k v o gate up down
