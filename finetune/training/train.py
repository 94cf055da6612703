"""Train a model on examples by any of the methods; a killed run goes on from its last checkpoint."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chatbot.models.prefix import prefix_of
from finetune.dataset.example import Example
from finetune.errors import TrainingError
from finetune.training import attention, checkpoints, methods
from finetune.training.clock import Clock, OnStep
from finetune.training.recipe import Recipe, check
from finetune.training.trainer import arguments, trainer_class
from finetune.training.watch import Watch, callback, validations

MAX_TOKENS = 1600
RESULT = "training.json"
BOARD = "tensorboard"  # the folder beside, for `tensorboard --logdir`

Row = dict[str, list[int]]
Curve = list[tuple[int, float]]


@dataclass(slots=True)
class Trained:
    """The folder of what was learnt and the curves: (step, loss) of training and of validation.

    `validation` is the loss before and after; `left_out` examples were too long. `seconds` and `tokens` are
    of the whole run, also where it was killed and resumed in between.
    """

    adapter: Path
    seconds: float
    steps: int
    tokens: int
    left_out: int
    curve: Curve = field(default_factory=list)
    validation: tuple[float, float] = (0.0, 0.0)
    validated: Curve = field(default_factory=list)
    stopped_early: bool = False


def train(
    base: Path,
    examples: Sequence[Example],
    validation: Sequence[Example],
    out: Path,
    recipe: Recipe,
    on_step: OnStep | None = None,
    resume: bool = False,
) -> Trained:
    """Tune the model in `base`; writes what was learnt to `out`, checkpoints to a folder beside it.

    With `resume` it goes on from there, to the same weights, bit for bit on the CPU, if the run is bound by
    epochs; one that is bound by minutes has as many left as it had.
    Raises TrainingError when there is nothing to train on, or the method cannot be run here.
    """
    check(recipe)
    if resume and (out / RESULT).is_file():
        return read_trained(out)
    model, tokenizer = load_for(base, recipe)
    rows, held = encode(tokenizer, examples), encode(tokenizer, validation)
    if not rows:
        raise TrainingError(
            f"No example fits into {MAX_TOKENS} tokens; shorten the passages or check the logs."
        )
    folder = checkpoint_folder(out)
    if not resume:
        shutil.rmtree(folder, ignore_errors=True)
    trainer, watch = make_trainer(model, tokenizer, rows, held, folder, recipe, on_step)
    before = trainer.evaluate()["eval_loss"] if held else 0.0
    _run(trainer, watch, checkpoints.newest(folder), out.with_name(BOARD))
    seconds = watch.clock.elapsed
    after = _best(trainer, watch) if held else 0.0
    history = trainer.state.log_history
    trained = Trained(
        out,
        seconds,
        trainer.state.global_step,
        round(sum(len(row["input_ids"]) for row in rows) * trainer.state.epoch),
        len(examples) - len(rows),
        [(int(e["step"]), float(e["loss"])) for e in history if "loss" in e],
        (before, after),
        [(0, before)] * bool(held)
        + [(int(e["step"]), float(e["eval_loss"])) for e in history if "eval_loss" in e],
        watch.stopped_early,
    )
    if trainer.is_world_process_zero():
        _write(trainer.model, recipe, base.name, trained)
    return trained


def read_trained(out: Path) -> Trained:
    """What `train` returned when it wrote this folder."""
    row = json.loads((out / RESULT).read_text(encoding="utf-8"))
    for name in ("curve", "validated"):
        row[name] = [(int(step), float(loss)) for step, loss in row[name]]
    return Trained(adapter=out, **row | {"validation": tuple(row["validation"])})


def checkpoint_folder(out: Path) -> Path:
    """Where the checkpoints of the run that writes `out` are."""
    return out.with_name(f"{out.name}-checkpoints")


def make_trainer(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Row],
    held: Sequence[Row],
    folder: Path,
    recipe: Recipe,
    on_step: OnStep | None = None,
) -> tuple[Any, Watch]:
    """trl's trainer, ready to run, and what watches it. The rows are those of `encode`."""
    from datasets import Dataset
    from transformers import PrinterCallback

    gpu = _on_gpu()
    args = arguments(folder, recipe, gpu, bf16=autocast(recipe))
    clock = Clock(recipe, len(rows), args.world_size)
    if recipe.method != "prefix":
        attention.install(model)
    elif not gpu:
        model.set_attn_implementation("eager")
    tokens = sum(len(row["input_ids"]) for row in rows) * recipe.epochs / clock.total
    watch = Watch(clock, recipe, tokens, folder / checkpoints.BEST, bool(held), on_step, args.world_size)
    trainer = trainer_class()(
        model=model,
        args=args,
        train_dataset=Dataset.from_list(list(rows)),
        eval_dataset=Dataset.from_list(list(held or rows[:1])),
        processing_class=tokenizer,
        peft_config=methods.config_of(model, recipe, clock.total),
        callbacks=[callback(watch)],
    )
    trainer.clock, trainer.recipe = clock, recipe
    trainer.remove_callback(PrinterCallback)
    methods.prepare(trainer.model, tokenizer, recipe)
    return trainer, watch


def load(folder: Path, dtype: str = "") -> tuple[Any, Any]:
    """Model and tokenizer of a model folder; the faster number format unless a `dtype` is named.

    One with a learned prefix comes as peft's model.
    """
    model, tokenizer = _load(folder, dtype)
    if prefix := prefix_of(folder):
        from peft import PeftModel

        return PeftModel.from_pretrained(model, prefix), tokenizer
    return model, tokenizer


def load_for(folder: Path, recipe: Recipe) -> tuple[Any, Any]:
    """Model and tokenizer as the method trains them: in 4 bits, in float32, or as usual."""
    if recipe.method == "qlora":
        from transformers import BitsAndBytesConfig

        four = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype="bfloat16",
        )
        return _load(folder, "bfloat16", quantization_config=four)
    # A step of 3e-5 is lost in bfloat16, which has three decimal digits.
    return _load(folder, "float32" if recipe.method == "full" else "")


def encode(tokenizer: Any, examples: Sequence[Example]) -> list[Row]:
    """Token ids and which of them are the answer; examples over MAX_TOKENS are left out.

    Prompt and answer are tokenised apart, as they are when the answer is generated.
    """
    rows = []
    for example in examples:
        prompt = tokenizer.apply_chat_template(
            example.messages, add_generation_prompt=True, tokenize=True, return_dict=False
        )
        answer = tokenizer(example.target, add_special_tokens=False).input_ids
        answer = [*answer, tokenizer.eos_token_id]
        if len(prompt) + len(answer) <= MAX_TOKENS:
            mask = [0] * len(prompt) + [1] * len(answer)
            rows.append({"input_ids": prompt + answer, "completion_mask": mask})
    return rows


def _load(folder: Path, dtype: str, **options: Any) -> tuple[Any, Any]:
    import torch
    from datasets import disable_progress_bars
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from retrieval.embed.processor import best_dtype

    logging.disable_progress_bar()
    disable_progress_bars()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.padding_side = "right"
    number = getattr(torch, dtype or best_dtype())
    return AutoModelForCausalLM.from_pretrained(folder, dtype=number, **options), tokenizer


def _run(trainer: Any, watch: Watch, checkpoint: Path | None, board: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations.integration_utils import TensorBoardCallback

    step = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
    if trainer.is_world_process_zero():  # what a killed process wrote after its last checkpoint is hidden
        trainer.add_callback(TensorBoardCallback(SummaryWriter(str(board), purge_step=step + 1)))
    watch.clock.start(checkpoints.seconds_of(checkpoint) if checkpoint else 0.0, step)
    watch.begin(step)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)


def _best(trainer: Any, watch: Watch) -> float:
    """The last validation; when an earlier one was better, its weights are put back."""
    after = float(trainer.evaluate()["eval_loss"])
    losses = validations(trainer.state.log_history)
    if watch.recipe.patience and watch.best.is_file() and min(losses) < after:
        checkpoints.load_weights(trainer.model, watch.best)
        return min(losses)
    return after


def _write(model: Any, recipe: Recipe, base: str, trained: Trained) -> None:
    """Beside, with the result last, then renamed into place."""
    out = trained.adapter
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    methods.save(model, recipe, base, beside)
    row = {name: value for name, value in asdict(trained).items() if name != "adapter"}
    (beside / RESULT).write_text(json.dumps(row) + "\n", encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    beside.rename(out)


def _on_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def autocast(recipe: Recipe) -> bool:
    """Compute in bfloat16 with the weights that learn in float32: on a GPU, and where all of them learn."""
    from retrieval.embed.processor import best_dtype

    return best_dtype() == "bfloat16" and (_on_gpu() or recipe.method == "full")
