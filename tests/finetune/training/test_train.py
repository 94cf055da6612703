"""Training a tiny model: the loss is the plain one and goes down, and the bounds on a run hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from chatbot.models.folders import ModelFolder
from finetune.dataset.example import Example
from finetune.errors import TrainingError
from finetune.training import clock as clocks
from finetune.training import trainer
from finetune.training.clock import Clock, Moment
from finetune.training.recipe import Recipe
from finetune.training.train import MAX_TOKENS, encode, load, read_trained, train
from finetune.training.watch import Watch
from tests.finetune.made_up import example
from tests.tiny import tiny_model

pytestmark = pytest.mark.filterwarnings("ignore")
STEP = Recipe().batch * Recipe().accumulate


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """With room for a policy, a passage and an answer at one token a byte."""
    return tiny_model(tmp_path_factory.mktemp("tiny") / "tiny", context=2048)


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.embed.processor.best_dtype", lambda: "float32")


def plain_loss(folder: Path, examples: Sequence[Example]) -> float:
    """Mean over all answer tokens, of the model's own logits over the whole vocabulary, row by row."""
    import torch

    model, tokenizer = load(folder)
    total, count = 0.0, 0
    for row in encode(tokenizer, examples):
        ids = torch.tensor([row["input_ids"]])
        with torch.no_grad():
            chances = model(input_ids=ids).logits[0].log_softmax(-1)
        answer = [i for i, is_answer in enumerate(row["completion_mask"]) if is_answer]
        total -= sum(float(chances[i - 1, ids[0, i]]) for i in answer)
        count += len(answer)
    return total / count


def test_the_loss_of_a_step_is_the_plain_cross_entropy(tiny: ModelFolder, tmp_path: Path) -> None:
    rows = [example(n, answer="yes" * (1 + 5 * n)) for n in range(STEP)]  # padded to very unlike lengths
    trained = train(tiny.path, rows, rows[:1], tmp_path / "adapter", Recipe(epochs=1))
    assert trained.steps == 1
    assert trained.curve[0][1] == pytest.approx(plain_loss(tiny.path, rows), rel=1e-4)
    assert trained.validation[0] == pytest.approx(plain_loss(tiny.path, rows[:1]), rel=1e-4)


def test_training_lowers_the_loss(tiny: ModelFolder, tmp_path: Path) -> None:
    told: list[Moment] = []
    rows = [example(n) for n in range(20)]
    recipe = Recipe(epochs=15, learning_rate=5e-2)
    trained = train(tiny.path, rows[:16], rows[16:], tmp_path / "adapter", recipe, told.append)
    before, after = trained.validation
    # Its output layer is random and stays so: all that the layers below can win is about half a nat.
    assert after < before - 0.1
    assert trained.curve[-1][1] < trained.curve[0][1] - 0.1
    assert [step for step, _ in trained.curve] == list(range(1, trained.steps + 1))
    assert [moment.loss for moment in told] == [loss for _, loss in trained.curve]
    shares = [moment.share for moment in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert (trained.adapter / "adapter_model.safetensors").is_file()
    assert (trained.adapter / "adapter_config.json").is_file()
    assert not (trained.adapter / "README.md").exists()


@pytest.mark.parametrize("count", [1, STEP - 1, STEP, STEP + 1, 3 * Recipe().batch])
def test_every_epoch_is_run_to_its_end(tiny: ModelFolder, tmp_path: Path, count: int) -> None:
    rows = [example(n) for n in range(count)]
    trained = train(tiny.path, rows, [], tmp_path / "adapter", Recipe(epochs=2))
    assert trained.steps == 2 * math.ceil(count / STEP)
    sizes = [len(row["input_ids"]) for row in encode(load(tiny.path)[1], rows)]
    assert trained.tokens == 2 * sum(sizes)
    assert trained.validation == (0.0, 0.0), "nothing is held out, so nothing is measured"


def test_the_time_bound_ends_a_run_early(tiny: ModelFolder, tmp_path: Path) -> None:
    rows = [example(n) for n in range(STEP)]
    recipe = Recipe(epochs=10_000, minutes=1 / 60)
    trained = train(tiny.path, rows, [], tmp_path / "adapter", recipe)
    assert 0 < trained.steps < 10_000
    assert (trained.adapter / "adapter_model.safetensors").is_file()


def test_the_learning_rate_is_down_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(clocks.time, "monotonic", lambda: now)
    clock = Clock(Recipe(epochs=100, minutes=2), rows=8 * STEP)
    clock.start()
    assert clock.rate(0) < 0.1, "it warms up"
    assert clock.rate(40) == pytest.approx(0.95)
    now = 160.0
    assert clock.progress(40) == pytest.approx(0.5), "half of the time, though not of the steps"
    assert clock.rate(40) == pytest.approx(0.5)
    now = 300.0
    assert clock.progress(41) == 1.0
    assert clock.rate(41) == pytest.approx(0.02)


def test_without_a_time_bound_the_steps_count() -> None:
    clock = Clock(Recipe(epochs=10), rows=10 * STEP)
    assert clock.progress(25) == pytest.approx(0.25)
    assert clock.progress(1000) == 1.0


def test_examples_that_do_not_fit_are_left_out(tiny: ModelFolder, tmp_path: Path) -> None:
    rows = [example(1), example(2, text="long " * MAX_TOKENS), example(3)]
    trained = train(tiny.path, rows, [], tmp_path / "adapter", Recipe(epochs=1))
    assert trained.left_out == 1


@pytest.mark.parametrize("rows", [[], [example(1, text="long " * MAX_TOKENS)]])
def test_nothing_that_fits_is_an_error(tiny: ModelFolder, tmp_path: Path, rows: list[Example]) -> None:
    with pytest.raises(TrainingError, match=f"fits into {MAX_TOKENS} tokens"):
        train(tiny.path, rows, [], tmp_path / "adapter", Recipe())
    assert not (tmp_path / "adapter").exists()


def test_only_the_answer_is_learnt(tiny: ModelFolder) -> None:
    _, tokenizer = load(tiny.path)
    (row,) = encode(tokenizer, [example(7)])
    answer = [i for i, learnt in zip(row["input_ids"], row["completion_mask"], strict=True) if learnt]
    prompt = [i for i, learnt in zip(row["input_ids"], row["completion_mask"], strict=True) if not learnt]
    assert tokenizer.decode(answer) == "Item 7 costs 7 euro. [1]<eos>"
    assert tokenizer.decode(prompt) == tokenizer.apply_chat_template(
        example(7).messages, add_generation_prompt=True, tokenize=False
    )


class Control:
    """What a step decides."""

    should_evaluate = should_save = should_training_stop = False


def test_validations_and_checkpoints_come_at_eighths_and_by_the_minute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now = 100.0
    monkeypatch.setattr(clocks.time, "monotonic", lambda: now)
    recipe = Recipe(epochs=16)
    watch = Watch(Clock(recipe, rows=STEP), recipe, 100.0, tmp_path / "best", validates=True)
    watch.begin(0)
    decided = []
    for step in range(1, 17):
        now += 45.0
        control = Control()
        watch.after_step(step, control)
        decided.append((control.should_evaluate, control.should_save, control.should_training_stop))
        if control.should_save:
            watch.after_save()
    assert [n for n, (look, _, _) in enumerate(decided, 1) if look] == [2, 4, 6, 8, 10, 12, 14]
    assert [n for n, (_, save, _) in enumerate(decided, 1) if save] == [2, 4, 6, 8, 10, 12, 14]
    assert [n for n, (_, _, stop) in enumerate(decided, 1) if stop] == [16]
    again = Watch(Clock(recipe, rows=STEP), recipe, 100.0, tmp_path / "best", validates=True)
    again.begin(7)
    control = Control()
    again.after_step(8, control)
    assert control.should_evaluate, "a resumed run looks at the same steps"
    now += 61.0
    control = Control()
    again.after_step(9, control)
    assert (control.should_evaluate, control.should_save) == (False, True)


def test_a_run_of_minutes_does_not_spend_them_on_looking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now = 0.0
    monkeypatch.setattr(clocks.time, "monotonic", lambda: now)
    recipe = Recipe(epochs=10_000, minutes=8 / 60 * 60)
    watch = Watch(Clock(recipe, rows=STEP), recipe, 100.0, tmp_path / "best", validates=True)
    watch.clock.start()
    watch.begin(0)
    looks = 0
    step = 0
    while now < 480:
        step += 1
        now += 10.0
        control = Control()
        watch.after_step(step, control)
        if control.should_evaluate:
            looks += 1
            now += 20.0
            watch.after_validation(None, [1.0] * 2, control)
    assert looks == 3


def test_the_best_weights_are_kept_and_patience_ends(tiny: ModelFolder, tmp_path: Path) -> None:
    """What is learnt is of no use for what is held out: the end is early and the loss the best one."""
    rows = [example(n, answer="yes yes yes") for n in range(STEP)]
    recipe = Recipe(epochs=60, learning_rate=5e-2, patience=2)
    trained = train(tiny.path, rows, [example(50, answer="QQQQQQQQ")], tmp_path / "adapter", recipe)
    assert trained.stopped_early
    assert trained.steps < 60
    assert trained.validation[1] == min(loss for _, loss in trained.validated[1:])
    assert trained.validated[0] == (0, trained.validation[0])
    assert list((tmp_path / "tensorboard").glob("events*"))
    assert read_trained(tmp_path / "adapter") == trained


@pytest.mark.parametrize(
    ("key", "there", "used"), [("", True, False), ("k", False, False), ("k", True, True)]
)
def test_weights_and_biases_only_where_it_is_set_up(
    monkeypatch: pytest.MonkeyPatch, key: str, there: bool, used: bool
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", key)
    monkeypatch.setattr(trainer, "find_spec", lambda name: object() if there else None)
    assert trainer.wandb_is_configured() is used
