"""Preference tuning: move a model towards the answers that people liked better, by DPO or KTO of trl."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from chatbot.engines.adapters import Adapter
from finetune.dataset.preferences import Preference, PreferencePair, as_pairs, as_rated
from finetune.training import methods
from finetune.training.recipe import Recipe
from finetune.training.train import load

Loss = Literal["dpo", "kto"]
OnShare = Callable[[float, float], None]
MAX_TOKENS = 1600


@dataclass(frozen=True, slots=True)
class Preferring:
    """`beta` holds the model near to where it began: a larger one holds it nearer."""

    loss: Loss = "dpo"
    epochs: float = 2.0
    learning_rate: float = 5e-5
    beta: float = 0.1
    rank: int = 16
    batch: int = 2
    accumulate: int = 4
    seed: int = 0


def prefer(
    start: Path,
    adapter: Adapter | None,
    preferences: Sequence[Preference],
    out: Path,
    recipe: Preferring,
    on_step: OnShare | None = None,
) -> list[tuple[int, float]]:
    """Tune the model in `start`, or its `adapter` on the adapter's base, and write the new adapter to `out`.

    Returns the loss by step. Raises PreferencesUnreadable when the loss has nothing to compare.
    """
    from datasets import Dataset
    from transformers import PrinterCallback

    rows = [_row(one) for one in _suited(preferences, recipe.loss)]
    model, tokenizer = load(adapter.base.path if adapter else start)
    config = None
    if adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter.path, is_trainable=True)
    else:
        config = methods.config_of(model, Recipe(rank=recipe.rank), 1)
    trainer_class, args = _trl(recipe, out)
    trainer = trainer_class(
        model=model,
        args=args,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=config,
        callbacks=[_telling(on_step)],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    _write(trainer.model, (adapter.base.path if adapter else start).name, out)
    return [(int(e["step"]), float(e["loss"])) for e in trainer.state.log_history if "loss" in e]


def _suited(preferences: Sequence[Preference], loss: Loss) -> Sequence[Preference]:
    return as_pairs(preferences) if loss == "dpo" else as_rated(preferences)


def _row(one: Preference) -> dict[str, Any]:
    """In the form that trl calls conversational."""

    def said(text: str) -> list[dict[str, str]]:
        return [{"role": "assistant", "content": text}]

    row: dict[str, Any] = {"prompt": list(one.prompt)}
    if isinstance(one, PreferencePair):
        return row | {"chosen": said(one.chosen), "rejected": said(one.rejected)}
    return row | {"completion": said(one.completion), "label": one.label}


def _trl(recipe: Preferring, out: Path) -> tuple[Any, Any]:
    import torch
    import trl

    gpu = torch.cuda.is_available()
    common: dict[str, Any] = {
        "output_dir": str(out.with_name(f"{out.name}-checkpoints")),
        "num_train_epochs": recipe.epochs,
        "learning_rate": recipe.learning_rate,
        "beta": recipe.beta,
        "per_device_train_batch_size": recipe.batch,
        "gradient_accumulation_steps": recipe.accumulate,
        "warmup_steps": 0.1,
        "max_length": MAX_TOKENS,
        "gradient_checkpointing": False,
        "bf16": gpu,
        "use_cpu": not gpu,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "dataloader_pin_memory": gpu,
        "seed": recipe.seed,
    }
    if recipe.loss == "dpo":
        return trl.DPOTrainer, trl.DPOConfig(**common)  # type: ignore[attr-defined]
    return trl.KTOTrainer, trl.KTOConfig(**common)  # type: ignore[attr-defined]


def _telling(on_step: OnShare | None) -> Any:
    from transformers import TrainerCallback

    class Telling(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            if on_step and logs and "loss" in logs:
                on_step(state.global_step / state.max_steps, float(logs["loss"]))

    return Telling()


def _write(model: Any, base: str, out: Path) -> None:
    """The one adapter that has learnt, without the copy that trl compares it with."""
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(beside, selected_adapters=["default"], save_embedding_layers=False)
    (beside / "README.md").unlink(missing_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    beside.rename(out)
