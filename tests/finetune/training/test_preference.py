"""Preference tuning of a tiny model: what people liked becomes likelier, and the gate can read the result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatbot.engines.adapters import adapter_of
from chatbot.models.assemble import tuned_model
from chatbot.models.folders import read_model
from chatbot.settings import Settings, load_settings
from chatbot.turn.prompt import build_messages
from finetune import align as prefer_pipeline
from finetune.dataset.preferences import Preference, PreferencePair, RatedAnswer, write_preferences
from finetune.errors import PreferencesUnreadable
from finetune.evaluation.gains import gains_of
from finetune.evaluation.rewards import answers_of, chances, compared
from finetune.release.gate import Rules, pass_gate
from finetune.training.recipe import Recipe
from finetune.training.train import train
from tests.finetune.made_up import example
from tests.tiny import tiny_model

pytestmark = pytest.mark.slow
PROMPTS = [tuple(build_messages(f"how much is {n}", (), (), "en")) for n in range(15)]
PAIRS: list[Preference] = [
    PreferencePair(prompt, f"It is {n} euro. [1]", f"No idea {n}!", "thumb:1")
    for n, prompt in enumerate(PROMPTS)
]
RATED: list[Preference] = [
    RatedAnswer(prompt, f"It is {n} euro. [1]" if n % 2 else f"No idea {n}!", bool(n % 2), "edit:2")
    for n, prompt in enumerate(PROMPTS)
]


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.embed.processor.best_dtype", lambda: "float32")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    tiny_model(tmp_path / "home" / "models" / "tiny", context=2048)
    return load_settings(home=tmp_path / "home")


def run(settings: Settings, tmp_path: Path, preferences: list[Preference], **options):
    write_preferences(preferences, tmp_path / "liked.jsonl")
    told: list[str] = []
    given = {"base": "tiny", "out": settings.home / "models" / "liked", "epochs": 6, "learning_rate": 5e-3}
    report = prefer_pipeline.run(
        tmp_path / "liked.jsonl", settings=settings, say=told.append, **given | options
    )
    return report, told, read_model(Path(report["folder"]))


@pytest.mark.parametrize(("loss", "preferences"), [("dpo", PAIRS), ("kto", RATED), ("kto", PAIRS)])
def test_what_was_liked_becomes_likelier(
    settings: Settings, tmp_path: Path, loss: str, preferences: list[Preference]
) -> None:
    report, told, model = run(settings, tmp_path, preferences, loss=loss)
    table = report["comparison"]
    moved = table["margin" if "margin" in table else "preference"]["difference"]
    assert moved["mean"] > 0
    assert moved["low"] <= moved["mean"] <= moved["high"]
    assert json.loads((model.path / "report.json").read_text())["comparison"] == table
    assert report["base"] == "tiny@seed0"
    assert report["recipe"]["method"] == loss
    assert report["data"]["sources"] == {preferences[0].source.partition(":")[0]: len(answers(report))}
    assert len(json.loads((model.path / "probes.json").read_text())) > 0
    assert adapter_of(model, settings.home) is not None, "vLLM can serve it as an adapter"
    assert told[-1].endswith("liked --measure preference")
    verdict = pass_gate(gains_of(table, "held-out"), [], Rules("preference"))
    assert not any("was not measured" in reason for reason in verdict.reasons)


def answers(report) -> range:
    return range(sum(report["data"]["examples"].values()))


def test_an_adapter_is_tuned_further_and_stays_one_on_its_base(settings: Settings, tmp_path: Path) -> None:
    home = settings.home
    tiny = read_model(home / "models" / "tiny")
    rows = [example(n) for n in range(8)]
    trained = train(tiny.path, rows, [], home / "training" / "first" / "adapter", Recipe(epochs=2, rank=4))
    first = tuned_model(
        tiny.path, trained.adapter, home / "models" / "first", {"name": "first", "base": tiny.label}
    )
    report, _, model = run(settings, tmp_path, PAIRS, base="first")
    manifest = json.loads((model.path / "manifest.json").read_text())
    assert (manifest["base"], manifest["parent"]) == (tiny.label, first.label)
    assert report["base"] == first.label
    found = adapter_of(model, home)
    assert found is not None
    assert found.rank == 8, "the rank of the adapter it began with, 4, as vLLM knows it"
    assert [p.name for p in (model.path / "adapter").glob("*.safetensors")] == ["adapter_model.safetensors"]


def test_one_prompt_alone_cannot_be_judged(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(PreferencesUnreadable, match="one prompt alone"):
        run(settings, tmp_path, PAIRS[:1])
    with pytest.raises(PreferencesUnreadable, match="--loss kto"):
        run(settings, tmp_path, RATED, loss="dpo")
    assert not (settings.home / "models" / "liked").exists()
    assert not (settings.home / "training").exists()


def test_the_chances_are_those_of_the_whole_vocabulary(tmp_path: Path) -> None:
    import torch

    from finetune.training.train import load

    tiny = tiny_model(tmp_path / "tiny", context=2048)
    model, tokenizer = load(tiny.path)
    asked = answers_of(PAIRS[:1])
    text = tokenizer.apply_chat_template(list(PROMPTS[0]), add_generation_prompt=True, tokenize=False)
    ids = tokenizer(text + asked[0][1], add_special_tokens=False, return_tensors="pt").input_ids
    ids = torch.cat([ids, torch.tensor([[tokenizer.eos_token_id]])], 1)
    said = ids.shape[1] - len(tokenizer(text, add_special_tokens=False).input_ids)
    with torch.no_grad():
        all_chances = model(ids).logits[0, :-1].log_softmax(-1).gather(1, ids[0, 1:, None])[-said:]
    assert chances(tiny.path, asked)[0] == pytest.approx(float(all_chances.mean()), rel=1e-4)


def test_the_table_of_margins() -> None:
    held = PAIRS[:2]
    table = compared(held, [-1.0, -2.0, -3.0, -1.0], [-1.0, -2.5, -1.0, -2.0])
    assert table["preference"]["base"]["mean"] == 0.5
    assert table["preference"]["tuned"]["mean"] == 1.0
    assert table["margin"]["difference"]["mean"] == pytest.approx((0.5 + 3.0) / 2)
    single = compared(RATED[:2], [-1.0, -1.0], [-2.0, -0.5])
    assert single["preference"]["tuned"]["mean"] == 1.0, "the bad one less likely, the good one more"
