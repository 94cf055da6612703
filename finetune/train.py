"""Train a LoRA adapter on examples: trl's trainer with the loss computed only where an answer stands.

The vocabulary of a multilingual model is its largest matrix (two thirds of the embedded one), and nine of ten
tokens of a grounded example are prompt. So only the hidden states that predict the answer are projected onto
it, which makes a step on the CPU several times faster and gives the same loss.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetune.errors import TrainingError
from finetune.example import Example

MAX_TOKENS = 1600
BATCH = 4
ACCUMULATE = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a run is made of; `minutes` ends it early, with the learning rate already brought down."""

    epochs: float = 2.0
    minutes: float | None = None
    learning_rate: float = 4e-4
    rank: int = 16
    seed: int = 0


@dataclass(slots=True)
class Trained:
    """The adapter's folder and the curve: (step, loss) of training, and validation loss before and after."""

    adapter: Path
    seconds: float
    steps: int
    tokens: int
    left_out: int
    curve: list[tuple[int, float]] = field(default_factory=list)
    validation: tuple[float, float] = (0.0, 0.0)


def train(
    base: Path,
    examples: Sequence[Example],
    validation: Sequence[Example],
    out: Path,
    recipe: Recipe,
    on_step: Callable[[float, float], None] | None = None,
) -> Trained:
    """Tune the model in `base`; writes the adapter to `out`. `on_step` gets the share done and the loss.

    Raises TrainingError when there is nothing to train on.
    """
    from datasets import Dataset
    from transformers import PrinterCallback

    model, tokenizer = load(base)
    if not _on_gpu():  # torch's fused attention is a third slower there at a head size of 256
        model.set_attn_implementation("eager")
    rows = encode(tokenizer, examples)
    held = encode(tokenizer, validation)
    if not rows:
        raise TrainingError(
            f"No example fits into {MAX_TOKENS} tokens; shorten the passages or check the logs."
        )
    clock = _Clock(recipe, len(rows), on_step)
    trainer = _trainer_class()(
        model=model,
        args=_arguments(out, recipe),
        train_dataset=Dataset.from_list(rows),
        eval_dataset=Dataset.from_list(held or rows[:1]),
        processing_class=tokenizer,
        peft_config=_lora(model.config.num_hidden_layers, recipe),
        callbacks=[clock.callback()],
    )
    trainer.clock = clock
    trainer.remove_callback(PrinterCallback)
    before = trainer.evaluate()["eval_loss"] if held else 0.0
    clock.start()
    trainer.train()
    seconds = time.monotonic() - clock.started
    after = trainer.evaluate()["eval_loss"] if held else 0.0
    trainer.model.peft_config["default"].base_model_name_or_path = base.name  # not a path of this machine
    trainer.model.save_pretrained(out)
    (out / "README.md").unlink(missing_ok=True)  # peft's form sheet, with nothing filled in
    tokens = round(sum(len(r["input_ids"]) for r in rows) * trainer.state.epoch)
    curve = [(int(e["step"]), float(e["loss"])) for e in trainer.state.log_history if "loss" in e]
    left_out = len(examples) - len(rows)
    return Trained(out, seconds, trainer.state.global_step, tokens, left_out, curve, (before, after))


def load(folder: Path, dtype: str = "") -> tuple[Any, Any]:
    """Model and tokenizer of a model folder; the faster number format unless a `dtype` is named."""
    import torch
    from datasets import disable_progress_bars
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from retrieval.processor import best_dtype

    logging.disable_progress_bar()
    disable_progress_bars()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.padding_side = "right"
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=getattr(torch, dtype or best_dtype())
    ), tokenizer


def encode(tokenizer: Any, examples: Sequence[Example]) -> list[dict[str, list[int]]]:
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


class _Clock:
    """How far a run is, by steps or by minutes, whichever is further; the learning rate follows it."""

    def __init__(self, recipe: Recipe, rows: int, on_step: Callable[[float, float], None] | None) -> None:
        self.total = max(1, math.ceil(recipe.epochs * math.ceil(rows / (BATCH * ACCUMULATE))))
        self.seconds = recipe.minutes * 60 if recipe.minutes else None
        self.started = time.monotonic()
        self.on_step = on_step

    def start(self) -> None:
        self.started = time.monotonic()

    def progress(self, step: int) -> float:
        by_time = (time.monotonic() - self.started) / self.seconds if self.seconds else 0.0
        return min(1.0, max(step / self.total, by_time))

    def rate(self, step: int) -> float:
        """Warm up over 3 % of the steps, then straight down to 2 % of the learning rate."""
        warm = min(1.0, (step + 1) / max(1, 0.03 * self.total))
        return warm * max(0.02, 1.0 - self.progress(step))

    def callback(self) -> Any:
        from transformers import TrainerCallback

        clock = self

        class Watch(TrainerCallback):
            def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
                if clock.on_step and logs and "loss" in logs:
                    clock.on_step(clock.progress(state.global_step), float(logs["loss"]))

            def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                if clock.progress(state.global_step) >= 1.0:
                    control.should_training_stop = True

        return Watch()


def _on_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _lora(layers: int, recipe: Recipe) -> Any:
    """Adapters in the upper two thirds of the layers: the gradient need not go through the rest."""
    from peft import LoraConfig

    upper = "|".join(map(str, range(layers // 3, layers)))
    return LoraConfig(
        r=recipe.rank,
        lora_alpha=2 * recipe.rank,
        target_modules=rf".*\.layers\.({upper})\..*_proj",
        task_type="CAUSAL_LM",
    )


def _arguments(out: Path, recipe: Recipe) -> Any:
    from trl import SFTConfig  # type: ignore[attr-defined]

    return SFTConfig(
        output_dir=str(out),
        num_train_epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=BATCH,
        gradient_accumulation_steps=ACCUMULATE,
        train_sampling_strategy="group_by_length",  # batches of like lengths waste little on padding
        weight_decay=0.0,
        max_length=None,
        completion_only_loss=True,
        gradient_checkpointing=False,
        bf16=False,  # the weights are bfloat16 already; the adapter stays in float32
        use_cpu=not _on_gpu(),
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        seed=recipe.seed,
    )


def _trainer_class() -> Any:
    """Made on first use, because trl takes seconds to import."""
    import torch
    from torch.nn.functional import cross_entropy
    from trl import SFTTrainer  # type: ignore[attr-defined]

    class AnswerTrainer(SFTTrainer):
        clock: _Clock

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            from torch.optim.lr_scheduler import LambdaLR

            stepped: Any = optimizer or self.optimizer
            self.lr_scheduler = LambdaLR(stepped, self.clock.rate)
            return self.lr_scheduler

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            causal = model.get_base_model()
            labels = inputs["labels"][:, 1:]
            hidden = causal.model(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
            ).last_hidden_state
            answer = labels != -100
            logits = causal.lm_head(hidden[:, :-1][answer])
            loss = cross_entropy(logits.float(), labels[answer], reduction="sum")
            loss = loss / (answer.sum() if num_items_in_batch is None else num_items_in_batch)
            return (loss, {}) if return_outputs else loss

        def prediction_step(
            self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None
        ) -> Any:
            with torch.no_grad():
                return self.compute_loss(model, inputs).detach(), None, None

    return AnswerTrainer
