"""The trainer of trl with the loss computed only where an answer stands, no padding, and exact checkpoints.

The vocabulary of a multilingual model is its largest matrix (two thirds of the embedded one), and nine of ten
tokens of a grounded example are prompt. So only the positions that predict the answer are projected onto it,
which makes a step on the CPU several times faster and gives the same loss.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from finetune.training import checkpoints, methods
from finetune.training.clock import Clock
from finetune.training.recipe import Recipe


class Shuffled:
    """The order of the examples in an epoch: by seed and epoch alone, so that a resumed run has it too."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed, self.epoch = count, seed, 0

    def __len__(self) -> int:
        return self.count

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        import torch

        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        return iter(torch.randperm(self.count, generator=generator).tolist())


def arguments(out: Path, recipe: Recipe, on_gpu: bool, bf16: bool) -> Any:
    """The settings of trl's trainer; `out` is where checkpoints go."""
    from trl import SFTConfig  # type: ignore[attr-defined]

    return SFTConfig(
        output_dir=str(out),
        num_train_epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        per_device_train_batch_size=recipe.batch,
        per_device_eval_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulate,
        padding_free=recipe.method != "prefix",  # a prefix has to stand before each example
        weight_decay=0.0,
        max_length=None,
        completion_only_loss=True,
        gradient_checkpointing=recipe.gradient_checkpointing,
        bf16=bf16,
        use_cpu=not on_gpu,
        logging_steps=1,
        save_strategy="no",  # decided step by step, see Watch
        save_total_limit=2,
        report_to=["wandb"] if wandb_is_configured() else [],
        run_name=out.parent.name,
        disable_tqdm=True,
        dataloader_pin_memory=on_gpu,
        seed=recipe.seed,
    )


def wandb_is_configured() -> bool:
    """Weights & Biases is used where its package is installed and a key is given, and nowhere else."""
    return bool(os.environ.get("WANDB_API_KEY")) and find_spec("wandb") is not None


def trainer_class() -> Any:
    """Made on first use, because trl takes seconds to import."""
    import torch
    from torch.nn.functional import cross_entropy
    from transformers import Trainer
    from trl import SFTTrainer  # type: ignore[attr-defined]

    class AnswerTrainer(SFTTrainer):
        clock: Clock
        recipe: Recipe

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            rows: Any = train_dataset or self.train_dataset
            return Shuffled(len(rows), self.args.seed)

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            from torch.optim.lr_scheduler import LambdaLR

            stepped: Any = optimizer or self.optimizer
            self.lr_scheduler = LambdaLR(stepped, self.clock.rate)
            return self.lr_scheduler

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            labels = inputs.pop("labels")[:, 1:]
            answer = labels != -100
            columns = answer.any(0).nonzero().flatten()
            if "cu_seq_lens_q" in inputs:  # as numbers: each layer reads them
                inputs["cu_seq_lens_q"] = inputs["cu_seq_lens_q"].tolist()
            logits = model(**inputs, use_cache=False, logits_to_keep=columns).logits
            inside = answer[:, columns]
            total = cross_entropy(logits[inside].float(), labels[:, columns][inside], reduction="sum")
            loss = total / (inside.sum() if num_items_in_batch is None else num_items_in_batch)
            if num_items_in_batch is not None:  # of all devices, whose gradients are averaged
                loss = loss * self.accelerator.num_processes
            if model.training:
                loss = loss + methods.loss_beside(self.model, self.recipe)
            return (loss, {}) if return_outputs else loss

        def prediction_step(
            self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None
        ) -> Any:
            with torch.no_grad(), self.compute_loss_context_manager():
                return self.compute_loss(model, self._prepare_inputs(inputs)).detach(), None, None

        def _save(self, output_dir: Any = None, state_dict: Any = None) -> None:
            folder = Path(str(output_dir or self.args.output_dir))
            folder.mkdir(parents=True, exist_ok=True)
            checkpoints.save_weights(self.model, folder / checkpoints.WEIGHTS)
            checkpoints.save_ranks(self.model, folder / checkpoints.RANKS)

        def _save_checkpoint(self, model: Any, trial: Any) -> None:
            Trainer._save_checkpoint(self, model, trial)  # without trl's model card
            if self.args.should_save:
                folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
                checkpoints.mark_whole(folder, self.clock.elapsed)

        def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
            folder = Path(resume_from_checkpoint)
            checkpoints.load_weights(self.model, folder / checkpoints.WEIGHTS)
            checkpoints.load_ranks(self.model, folder / checkpoints.RANKS)

    return AnswerTrainer
