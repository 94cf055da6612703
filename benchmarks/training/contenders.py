"""Three ways to train the same adapter on the same rows: ours, ours padded, and trl's own with packing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from finetune.training import attention, methods
from finetune.training.recipe import Recipe
from finetune.training.train import Row, autocast
from finetune.training.trainer import arguments, trainer_class

Batches = Callable[[Sequence[Row]], list[Any]]
NAMES = ("ours", "padded", "trl packed")


class Contender:
    """One trainer with its model; `batches` makes what it reads of some rows, `step` learns from it."""

    def __init__(
        self, name: str, load: Callable[[], tuple[Any, Any]], rows: Sequence[Row], out: Path
    ) -> None:
        self.name = name
        self.trainer = _TRAINERS[name](*load(), rows, out)
        self.trainer.create_optimizer()
        self.trainer.model.train()
        self.model = self.trainer.accelerator.prepare_model(self.trainer.model)

    def batches(self, rows: Sequence[Row]) -> list[Any]:
        """The rows as this trainer collates them."""
        args = self.trainer.args
        prepared = self.trainer._prepare_dataset(
            _dataset(rows), self.trainer.processing_class, args, args.packing, None, "train"
        )
        size = args.per_device_train_batch_size
        kept = [
            {name: row[name] for name in ("input_ids", "labels", "seq_lengths") if name in row}
            for row in prepared
        ]
        return [self.trainer.data_collator(kept[n : n + size]) for n in range(0, len(kept), size)]

    def step(self, batches: Sequence[Any]) -> float:
        """Forward, backward and one step of the optimizer; returns the loss."""
        answers = sum(int((batch["labels"] != -100).sum()) for batch in batches)
        loss = sum(float(self.trainer.training_step(self.model, dict(batch), answers)) for batch in batches)
        self.trainer.optimizer.step()
        self.trainer.optimizer.zero_grad()
        return loss


def _ours(model: Any, tokenizer: Any, rows: Sequence[Row], out: Path) -> Any:
    attention.install(model)
    return _answer_trainer(model, tokenizer, rows, out, padding_free=True)


def _padded(model: Any, tokenizer: Any, rows: Sequence[Row], out: Path) -> Any:
    import torch

    if not torch.cuda.is_available():
        model.set_attn_implementation(
            "eager"
        )  # the faster one there, as in `_plain` of finetune/training/attention.py
    return _answer_trainer(model, tokenizer, rows, out, padding_free=False)


def _answer_trainer(model: Any, tokenizer: Any, rows: Sequence[Row], out: Path, padding_free: bool) -> Any:
    import torch

    recipe = Recipe()
    args = arguments(out, recipe, torch.cuda.is_available(), autocast(recipe))
    args.padding_free = padding_free
    trainer = trainer_class()(
        model=model,
        args=args,
        train_dataset=_dataset(rows),
        processing_class=tokenizer,
        peft_config=methods.config_of(model, recipe, 1),
    )
    trainer.recipe = recipe
    return trainer


def _trl(model: Any, tokenizer: Any, rows: Sequence[Row], out: Path) -> Any:
    """As its documentation has it, with as many tokens at a time as ours has on average."""
    import torch
    from trl import SFTTrainer  # type: ignore[attr-defined]

    recipe = Recipe()
    args = arguments(out, recipe, torch.cuda.is_available(), autocast(recipe))
    mean = sum(len(row["input_ids"]) for row in rows) / len(rows)
    longest = max(len(row["input_ids"]) for row in rows)
    args.packing, args.max_length = True, max(longest, round(mean * recipe.batch))
    args.per_device_train_batch_size = 1
    return SFTTrainer(
        model=model,
        args=args,
        train_dataset=_dataset(rows),
        processing_class=tokenizer,
        peft_config=methods.config_of(model, recipe, 1),
    )


def _dataset(rows: Sequence[Row]) -> Any:
    from datasets import Dataset

    return Dataset.from_list(list(rows))


_TRAINERS: dict[str, Callable[..., Any]] = dict(zip(NAMES, (_ours, _padded, _trl), strict=True))
