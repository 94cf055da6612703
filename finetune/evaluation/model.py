"""What a model writes on held-out examples, before any check: loss, ROUGE-L, citation, language."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

from chatbot.engines.local import same_dtype
from chatbot.models.abstention import first_tokens_of, log_abstention
from chatbot.turn.prompt import ABSTENTION, CITATION
from finetune.dataset.example import Example
from finetune.evaluation.measures import Interval, bootstrap, rouge_l
from finetune.training.train import encode, load
from retrieval.languages.text import language_of

ANSWER_TOKENS = 96
GENERATE_BATCH = 8
PROBES = 8


@dataclass(frozen=True, slots=True)
class Scored:
    """One held-out example: `citation` is 1 for the right passage cited, or for saying that none answers.

    `silence` is the log-probability of beginning with "not found"; None for a prompt that was too long.
    """

    id: str
    language: str
    output: str
    loss: float
    rouge_l: float
    citation: float
    right_language: float
    silence: float | None = None


def evaluate_model(
    folder: Path,
    examples: Sequence[Example],
    on_step: Callable[[int, int], None] | None = None,
    probed: int = PROBES,
) -> tuple[list[Scored], list[dict[str, Any]]]:
    """Score a model folder; also returns probes: `probed` first examples with their greedy token ids.

    A server that runs this model must give the same tokens for the probes. `on_step` is told how many of how
    many steps are done: an answer, a loss, a probe.
    """
    import torch

    model, tokenizer = load(folder)
    model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    steps = count(1)
    whole = 2 * len(examples) + len(examples[:probed])

    def stepped() -> None:
        if on_step:
            on_step(next(steps), whole)

    with torch.inference_mode():
        outputs = _generate(model, tokenizer, examples, stepped)
        read = []
        for example in examples:
            read.append(_read(model, tokenizer, example))
            stepped()
        model.to(getattr(torch, same_dtype()))  # that of both engines; the weights themselves are bfloat16
        probes = []
        for example in examples[:probed]:
            probes.append(_probe(model, tokenizer, example.messages))
            stepped()
    scored = [_score(e, o, *one) for e, o, one in zip(examples, outputs, read, strict=True)]
    return scored, probes


def compare(base: Sequence[Scored], tuned: Sequence[Scored]) -> dict[str, Any]:
    """Means with 95 % intervals of both, and of the paired difference (tuned minus base)."""
    table: dict[str, Any] = {}
    for measure in ("loss", "rouge_l", "citation", "right_language"):
        pairs = [(getattr(b, measure), getattr(a, measure)) for b, a in zip(base, tuned, strict=True)]
        pairs = [pair for pair in pairs if not math.isnan(sum(pair))]  # too long for a loss
        before, after = [b for b, _ in pairs], [a for _, a in pairs]
        gain = bootstrap([a - b for b, a in pairs])
        table[measure] = {
            "base": asdict(bootstrap(before)),
            "tuned": asdict(bootstrap(after)),
            "difference": asdict(gain),
            "better": _better(measure, gain),
        }
    return table


def _better(measure: str, gain: Interval) -> bool:
    """Better with confidence: the whole interval of the difference is on the good side."""
    return gain.high < 0 if measure == "loss" else gain.low > 0


def _generate(
    model: Any, tokenizer: Any, examples: Sequence[Example], stepped: Callable[[], None]
) -> list[str]:
    outputs: dict[int, str] = {}
    order = sorted(range(len(examples)), key=lambda i: sum(len(m["content"]) for m in examples[i].messages))
    tokenizer.padding_side = "left"
    for start in range(0, len(order), GENERATE_BATCH):
        batch = order[start : start + GENERATE_BATCH]
        texts = [
            tokenizer.apply_chat_template(examples[i].messages, add_generation_prompt=True, tokenize=False)
            for i in batch
        ]
        inputs = tokenizer(texts, add_special_tokens=False, padding=True, return_tensors="pt").to(
            model.device
        )
        made = model.generate(**inputs, max_new_tokens=ANSWER_TOKENS, do_sample=False)
        new = made[:, inputs["input_ids"].shape[1] :]
        for i, text in zip(batch, tokenizer.batch_decode(new, skip_special_tokens=True), strict=True):
            outputs[i] = text.strip()
            stepped()
    return [outputs[i] for i in range(len(examples))]


def make_probes(folder: Path, prompts: Sequence[Sequence[dict[str, str]]]) -> list[dict[str, Any]]:
    """Prompts with the greedy token ids of the model, in the number format of both engines."""
    import torch

    model, tokenizer = load(folder, same_dtype())
    model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    with torch.inference_mode():
        return [_probe(model, tokenizer, list(prompt)) for prompt in prompts[:PROBES]]


def _probe(model: Any, tokenizer: Any, messages: list[dict[str, str]]) -> dict[str, Any]:
    inputs = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
    ).to(model.device)
    made = model.generate(**inputs, max_new_tokens=ANSWER_TOKENS, do_sample=False)[0]
    ids = made[inputs["input_ids"].shape[1] :].tolist()
    return {
        "messages": messages,
        "tokens": ids,
        "text": tokenizer.decode(ids, skip_special_tokens=True),
    }


def greedy(folder: Path, probes: Sequence[list[dict[str, str]]], tokens: int, dtype: str) -> list[str]:
    """What the trainer's own generation says to each prompt: the reference for every server of the model."""
    model, tokenizer = load(folder, dtype)
    answers = []
    for messages in probes:
        inputs = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(model.device)
        made = model.generate(**inputs, max_new_tokens=tokens, do_sample=False)[0]
        answers.append(tokenizer.decode(made[inputs["input_ids"].shape[1] :], skip_special_tokens=True))
    return answers


def losses_of(folder: Path, examples: Sequence[Example]) -> Iterator[float]:
    """The loss of each example, in nats a token, one after the other; NaN for one that is too long."""
    return (loss for loss, _ in _readings(folder, examples))


def silences_of(folder: Path, examples: Sequence[Example]) -> Iterator[float | None]:
    """The log-probability of beginning with "not found", one by one; None for one that is too long."""
    return (silence for _, silence in _readings(folder, examples))


def _readings(folder: Path, examples: Sequence[Example]) -> Iterator[tuple[float, float | None]]:
    import torch

    model, tokenizer = load(folder)
    model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    with torch.inference_mode():  # weights of 8 bits are unpacked by the first pass through the whole model
        model(torch.tensor([[tokenizer.eos_token_id]], device=model.device))
    for example in examples:
        with torch.inference_mode():
            yield _read(model, tokenizer, example)


def _read(model: Any, tokenizer: Any, example: Example) -> tuple[float, float | None]:
    """Mean negative log-likelihood of the reference, in nats a token, and the log-probability of silence."""
    import torch

    rows = encode(tokenizer, [example])
    if not rows:
        return float("nan"), None
    ids = torch.tensor([rows[0]["input_ids"]], device=model.device)
    answer = torch.tensor(rows[0]["completion_mask"], device=model.device).bool()[1:]
    places = answer.nonzero().flatten()
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=places).logits[0]
    loss = float(torch.nn.functional.cross_entropy(logits.float(), ids[0, 1:][answer]))
    return loss, log_abstention(first_tokens_of(logits[0], tokenizer), example.language)


def _score(example: Example, output: str, loss: float, silence: float | None) -> Scored:
    cited = {int(n) for n in re.findall(r"\[(\d{1,2})\]", output)}
    said = CITATION.sub("", output)
    return Scored(
        example.id,
        example.language,
        output,
        loss,
        rouge_l(said, CITATION.sub("", example.target)),
        float(cited == {example.gold} if example.gold else ABSTENTION[example.language] in output),
        float(bool(said.strip()) and language_of(said) == example.language),
        silence,
    )
