"""Each method from training to the engine: what is served says what the trainer's own generation said."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chatbot.engines.adapters import adapter_of
from chatbot.engines.local import LocalEngine
from chatbot.engines.vllm_process import VllmProcess
from chatbot.errors import EngineFailed
from chatbot.models.assemble import tuned_model
from chatbot.models.folders import ModelFolder
from chatbot.models.prefix import prefix_of
from finetune.errors import TrainingError
from finetune.evaluation.model import evaluate_model
from finetune.training.recipe import METHODS, Method, Recipe, recipe_of
from finetune.training.stage import train_stage
from finetune.training.train import encode, load_for, make_trainer, train
from tests.finetune.made_up import example
from tests.tiny import tiny_model

ROWS = [example(n) for n in range(16)]
HELD = [example(n) for n in range(30, 33)]
HERE: list[Method] = [method for method in METHODS if method != "qlora"]
END = 1  # the token that ends an answer, which an engine does not pass on
RATES = {"full": 1e-2, "prefix": 1.0}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def tiny(home: Path) -> ModelFolder:
    return tiny_model(home / "models" / "tiny", context=2048)


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.embed.processor.best_dtype", lambda: "float32")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked what the base is: it has a name of ours, and the machine may have no network."""

    def ask(*question: object) -> bool:
        raise AssertionError(f"the model hub is asked for {question}")

    monkeypatch.setattr("peft.utils.save_and_load.check_file_exists_on_hf_hub", ask)


@pytest.fixture(scope="module")
def tune(tiny: ModelFolder, home: Path) -> Callable[[Method], ModelFolder]:
    """Each method once."""
    made: dict[str, ModelFolder] = {}

    def tuned(method: Method) -> ModelFolder:
        if method not in made:
            recipe = recipe_of(method, epochs=6, rank=4, learning_rate=RATES.get(method, 5e-2))
            trained = train(tiny.path, ROWS, HELD, home / "training" / method / "adapter", recipe)
            assert trained.validation[1] < trained.validation[0]
            out = home / "models" / method
            made[method] = tuned_model(tiny.path, trained.adapter, out, {"name": method, "base": tiny.label})
        return made[method]

    return tuned


def spoken(model: ModelFolder, messages: list[dict[str, str]], tokens: int) -> list[int]:
    """What the engine says in the chat, token by token: a model of single bytes says few whole characters."""
    engine = LocalEngine(model, "float32")
    said = list(engine.tokens(engine._encode(messages), tokens, threading.Event()))
    asyncio.run(engine.aclose())
    return said


@pytest.mark.slow
@pytest.mark.parametrize("method", HERE)
def test_the_engine_says_what_training_said(
    tune: Callable[[Method], ModelFolder], tiny: ModelFolder, method: Method
) -> None:
    model = tune(method)
    scored, probes = evaluate_model(model.path, HELD)
    before, _ = evaluate_model(tiny.path, HELD)
    assert sum(s.loss for s in scored) < sum(s.loss for s in before), "what is served has learnt"
    for probe in probes:
        said = spoken(model, probe["messages"], len(probe["tokens"]))
        assert said == [token for token in probe["tokens"] if token != END]
    assert model.version != tiny.version
    assert json.loads((model.path / "manifest.json").read_text())["name"] == method


@pytest.mark.slow
@pytest.mark.parametrize("method", HERE)
def test_what_is_served_is_what_was_trained(
    tune: Callable[[Method], ModelFolder], method: Method, home: Path
) -> None:
    """The loss of the folder is that of the trainer at its end: nothing is lost in saving and merging."""
    model = tune(method)
    trained = json.loads((home / "training" / method / "adapter" / "training.json").read_text())
    losses = [s.loss for s in evaluate_model(model.path, HELD)[0]]
    assert sum(losses) / len(losses) == pytest.approx(trained["validation"][1], rel=0.02)


@pytest.mark.slow
def test_vllm_takes_the_adapters_it_can_serve(tune: Callable[[Method], ModelFolder], home: Path) -> None:
    served = {method: adapter_of(tune(method), home) is not None for method in HERE}
    assert served == {
        "lora": True,
        "rslora": True,
        "adalora": True,  # kept as a plain adapter
        "dora": False,  # its merged weights are served
        "prefix": False,
        "full": False,
    }
    assert [method for method in HERE if prefix_of(tune(method).path)] == ["prefix"]


@pytest.mark.slow
def test_vllm_refuses_a_prefix_in_one_sentence(tune: Callable[[Method], ModelFolder], tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("")
    with pytest.raises(EngineFailed, match="learned prefix; use `--engine local`"):
        VllmProcess(tune("prefix"), python, tmp_path / "log").start()


@pytest.mark.slow
def test_a_prefix_is_not_tuned_further(tune: Callable[[Method], ModelFolder], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be tuned further"):
        train_stage(tune("prefix"), ROWS, [], tmp_path / "out", Recipe(), print)


def test_qlora_without_a_gpu_is_one_sentence(tiny: ModelFolder, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--method qlora needs an NVIDIA GPU"):
        recipe_of("qlora")
    with pytest.raises(TrainingError, match="gradient-checkpointing"):
        train(tiny.path, ROWS, [], tmp_path / "out", Recipe(method="prefix", gradient_checkpointing=True))
    assert not any(tmp_path.iterdir())


def test_numbers_that_are_not_given_suit_the_method() -> None:
    assert recipe_of("lora", rank=8).alpha == 16
    assert recipe_of("rslora", rank=64).alpha == 8
    assert recipe_of("full").learning_rate == 3e-5
    assert recipe_of("full", learning_rate=1e-4, epochs=None).learning_rate == 1e-4


def test_a_step_is_the_same_with_gradient_checkpointing(tiny: ModelFolder, tmp_path: Path) -> None:
    plain, saving = (
        train(tiny.path, ROWS, [], tmp_path / f"{on}", recipe_of(epochs=1, gradient_checkpointing=on)).curve
        for on in (False, True)
    )
    assert [loss for _, loss in saving] == pytest.approx([loss for _, loss in plain])


def test_laid_end_to_end_examples_do_not_see_each_other(tiny: ModelFolder, tmp_path: Path) -> None:
    """Hidden states of a packed batch are those of each example alone, sliding windows included."""
    import torch

    recipe = Recipe()
    model, tokenizer = load_for(tiny.path, recipe)
    rows = encode(tokenizer, [example(1), example(2, answer="yes " * 30)])
    with torch.no_grad():
        alone = [model(torch.tensor([row["input_ids"]])).logits[0] for row in rows]
        trainer, _ = make_trainer(model, tokenizer, rows, [], tmp_path, recipe)
        (batch,) = trainer.get_eval_dataloader(trainer.train_dataset)
        batch = {k: v for k, v in batch.items() if k != "labels"}
        batch["cu_seq_lens_q"] = batch["cu_seq_lens_q"].tolist()
        together = trainer.model(**batch, use_cache=False).logits[0]
    assert torch.allclose(together, torch.cat(alone), atol=1e-4)
