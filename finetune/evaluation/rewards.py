"""Whether a model prefers what people preferred: how likely it finds answers to held-out prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from finetune.dataset.preferences import Preference, PreferencePair, PromptMessages, RatedAnswer
from finetune.evaluation.measures import bootstrap
from finetune.training.train import load

Asked = tuple[PromptMessages, str]  # a prompt and an answer to it


def answers_of(held: Sequence[Preference]) -> list[Asked]:
    """What has to be measured: of pairs the chosen and the rejected answer, one after the other."""
    asked: list[Asked] = []
    for one in held:
        if isinstance(one, PreferencePair):
            asked += [(one.prompt, one.chosen), (one.prompt, one.rejected)]
        else:
            asked.append((one.prompt, one.completion))
    return asked


def chances(folder: Path, asked: Sequence[Asked]) -> list[float]:
    """Mean log-probability, in nats, of an answer's tokens and its end.

    The mean, as the longer of two answers is the less likely one whatever it says.
    """
    import torch

    model, tokenizer = load(folder)
    model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    with torch.inference_mode():
        return [_chance(model, tokenizer, prompt, answer) for prompt, answer in asked]


def compared(held: Sequence[Preference], before: Sequence[float], after: Sequence[float]) -> dict[str, Any]:
    """Two models' chances of `answers_of(held)` as rows that the gate can read, each with its interval.

    Of pairs: `preference`, the share in which the chosen answer is the likelier one, and `margin`, by how
    many nats a token. Of single answers: `preference`, the share of good ones that became likelier and of bad
    ones that became less likely, where a model that has not moved counts as half right.
    """
    if isinstance(held[0], PreferencePair):
        old, new = ([c - r for c, r in zip(x[::2], x[1::2], strict=True)] for x in (before, after))
        return {
            "preference": _row([float(m > 0) for m in old], [float(m > 0) for m in new]),
            "margin": _row(old, new),
        }
    labels = [one.label for one in held if isinstance(one, RatedAnswer)]
    right = [float((a > b) == label) for b, a, label in zip(before, after, labels, strict=True)]
    return {"preference": _row([0.5] * len(right), right)}


def _row(before: Sequence[float], after: Sequence[float]) -> dict[str, Any]:
    """As `finetune.evaluation.model.compare` writes it."""
    gain = bootstrap([a - b for b, a in zip(before, after, strict=True)])
    return {
        "base": asdict(bootstrap(before)),
        "tuned": asdict(bootstrap(after)),
        "difference": asdict(gain),
        "better": gain.low > 0,
    }


def _chance(model: Any, tokenizer: Any, prompt: PromptMessages, answer: str) -> float:
    import torch

    asked = tokenizer.apply_chat_template(
        list(prompt), add_generation_prompt=True, tokenize=True, return_dict=False
    )
    said = [*tokenizer(answer, add_special_tokens=False).input_ids, tokenizer.eos_token_id]
    ids = torch.tensor([asked + said], device=model.device)
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=len(said) + 1).logits[0, :-1]
    likely = logits.float().log_softmax(-1)
    return float(likely.gather(1, ids[0, len(asked) :].unsqueeze(1)).mean())
