"""What a model writes is scored by what it cites, and its probes can be made again."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.models.folders import ModelFolder
from chatbot.turn.prompt import ABSTENTION
from finetune.dataset.example import Example
from finetune.evaluation.model import ANSWER_TOKENS, PROBES, Scored, _score, compare, evaluate_model, greedy
from finetune.training.train import MAX_TOKENS, load
from tests.finetune.made_up import example
from tests.tiny import tiny_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """With room for a policy, a passage and an answer at one token a byte."""
    return tiny_model(tmp_path_factory.mktemp("tiny") / "tiny", context=2048)


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.embed.processor.best_dtype", lambda: "float32")


ANSWERED = example(1)
UNANSWERED = replace(example(2, gold=0), answer="")
CHINESE = example(3, answer="退款会在5个工作日内到账。", language="zh")


@pytest.mark.parametrize(
    ("case", "output", "citation"),
    [
        (ANSWERED, "Item 1 costs 1 euro. [1]", 1.0),
        (ANSWERED, "It costs 1 euro [1]. That is all. [1]", 1.0),
        (ANSWERED, "Item 1 costs 1 euro. [2]", 0.0),
        (ANSWERED, "Item 1 costs 1 euro. [1] [2]", 0.0),
        (ANSWERED, "Item 1 costs 1 euro.", 0.0),
        (ANSWERED, ABSTENTION["en"], 0.0),
        (ANSWERED, "", 0.0),
        (UNANSWERED, ABSTENTION["en"], 1.0),
        (UNANSWERED, f"Hello. {ABSTENTION['en']}", 1.0),
        (UNANSWERED, "Item 2 costs 2 euro. [1]", 0.0),
        (UNANSWERED, ABSTENTION["zh"], 0.0),
        (UNANSWERED, "", 0.0),
        (CHINESE, "退款会在5个工作日内到账。[1]", 1.0),
    ],
)
def test_the_right_citation_or_an_honest_no(case: Example, output: str, citation: float) -> None:
    assert _score(case, output, 0.0, None).citation == citation


@pytest.mark.parametrize(
    ("case", "output", "right"),
    [
        (ANSWERED, "Item 1 costs 1 euro. [1]", 1.0),
        (ANSWERED, "商品的价格是一欧元。[1]", 0.0),
        (CHINESE, "退款会到账。[1]", 1.0),
        (CHINESE, "It will arrive. [1]", 0.0),
        (ANSWERED, "", 0.0),
        (ANSWERED, "[1]", 0.0),
    ],
)
def test_the_language_of_the_answer(case: Example, output: str, right: float) -> None:
    assert _score(case, output, 0.0, None).right_language == right


def test_citations_do_not_count_as_words() -> None:
    assert _score(ANSWERED, "Item 1 costs 1 euro. [3]", 0.0, None).rouge_l == 1.0
    assert _score(ANSWERED, "nothing alike", 0.0, None).rouge_l == 0.0


def test_each_example_is_scored_in_order(tiny: ModelFolder) -> None:
    examples = [example(n, text="word " * (30 - 3 * n)) for n in range(PROBES + 2)]
    told: list[tuple[int, int]] = []
    scored, probes = evaluate_model(tiny.path, examples, lambda done, of: told.append((done, of)))
    assert [s.id for s in scored] == [e.id for e in examples]
    steps = 2 * len(examples) + PROBES
    assert told == [(done, steps) for done in range(1, steps + 1)]
    assert len(probes) == PROBES
    assert all(0 < s.loss < 10 and 0 <= s.rouge_l <= 1 for s in scored)


def test_probes_are_what_a_second_greedy_run_gives(tiny: ModelFolder) -> None:
    examples = [example(n) for n in range(3)]
    scored, probes = evaluate_model(tiny.path, examples)
    model, tokenizer = load(tiny.path)
    for case, probe in zip(examples, probes, strict=True):
        assert probe["messages"] == case.messages
        prompt = tokenizer.apply_chat_template(
            case.messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        made = model.generate(**prompt, max_new_tokens=ANSWER_TOKENS, do_sample=False)
        assert made[0, prompt["input_ids"].shape[1] :].tolist() == probe["tokens"]
        assert 0 < len(probe["tokens"]) <= ANSWER_TOKENS
    assert greedy(tiny.path, [p["messages"] for p in probes], ANSWER_TOKENS, "float32") == [
        probe["text"] for probe in probes
    ]
    assert [s.output for s in scored] == [probe["text"].strip() for probe in probes], (
        "padding changes nothing"
    )


def test_what_does_not_fit_has_no_loss(tiny: ModelFolder, tmp_path: Path) -> None:
    (one,), _ = evaluate_model(tiny.path, [example(1, text="x" * MAX_TOKENS)])
    assert math.isnan(one.loss)


def test_what_has_no_loss_does_not_spoil_the_mean() -> None:
    base = [scored(3.0, 0.0), scored(float("nan"), 0.0)]
    tuned = [scored(2.0, 1.0), scored(float("nan"), 1.0)]
    table = compare(base, tuned)
    assert table["loss"]["tuned"]["mean"] == 2.0
    assert table["loss"]["better"] is True
    assert table["citation"]["tuned"]["mean"] == 1.0


def scored(loss: float, citation: float) -> Scored:
    return Scored("e", "en", "", loss, citation, citation, 1.0)


def test_better_only_when_the_whole_interval_is() -> None:
    base = [scored(3.0 + n % 3, 0.0) for n in range(20)]
    tuned = [scored(2.0 + n % 3, float(n % 4 > 0)) for n in range(20)]
    table = compare(base, tuned)
    assert table["loss"]["difference"] == {"mean": -1.0, "low": -1.0, "high": -1.0}
    assert table["loss"]["better"] is True, "less loss is better"
    assert table["citation"]["better"] is True
    assert table["citation"]["tuned"]["mean"] == 0.75
    assert table["right_language"]["better"] is False, "as good is not better"
    assert compare(tuned, base)["loss"]["better"] is False
    one_of_many = [scored(3.0, float(n == 0)) for n in range(20)]
    assert compare(base, one_of_many)["citation"]["better"] is False, "that may be luck"
