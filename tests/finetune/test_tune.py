"""The whole run from logs to a model folder, with a tiny model and a shop of a few sentences."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from chatbot.engines.local import LocalEngine
from chatbot.errors import ModelMissing
from chatbot.models.folders import ModelFolder, read_model
from chatbot.settings import Settings, load_settings
from finetune import tune as pipeline
from finetune.errors import FinetuneError
from finetune.logs.conversation import Conversation
from tests.finetune.dataset.test_build import TALKS
from tests.finetune.search.searched import SHOP
from tests.retrieval.hashing import HashingEmbedder
from tests.tiny import tiny_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """With room for three passages at one token a byte."""
    return tiny_model(tmp_path_factory.mktemp("tiny") / "tiny", context=2048)


@pytest.fixture(scope="module")
def articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("articles")
    for passage in SHOP.passages:
        file = folder / f"{passage.article}.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"# {passage.title}\n\n{passage.text}\n", encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def small_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("finetune.tune", "retrieval.embed.load"):
        monkeypatch.setattr(f"{module}.load_embedder", lambda name: HashingEmbedder())


def exported(talks: Sequence[Conversation], path: Path) -> Path:
    """As a support desk exports its chats."""
    rows = [
        {
            "id": talk.id,
            "started_at": str(talk.started_at),
            "customer": {"id": talk.customer_id},
            "status": talk.status,
            "messages": [
                {"from": said.role, "at": str(said.at), "text": said.text} for said in talk.messages
            ],
        }
        for talk in talks
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home")


@pytest.fixture
def run(tiny: ModelFolder, articles: Path, settings: Settings) -> Callable[..., dict[str, Any]]:
    def run(logs: Path, **options: Any) -> dict[str, Any]:
        given = {"articles": articles, "base": str(tiny.path), "epochs": 1.0} | options
        return pipeline.run([logs], settings=settings, **given)

    return run


def test_from_logs_to_a_model_that_serves(
    run: Callable[..., dict[str, Any]], tiny: ModelFolder, tmp_path: Path
) -> None:
    told: list[str] = []
    out = tmp_path / "models" / "my-shop"
    report = run(exported(TALKS, tmp_path / "chats.jsonl"), out=out, augment=0.5, say=told.append)

    tuned = read_model(out)
    assert tuned.name == "my-shop"
    assert tuned.version != tiny.version
    assert json.loads((out / "manifest.json").read_text())["base"] == tiny.label
    for name in ("model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja"):
        assert (out / name).is_file()
    assert (out / "adapter" / "adapter_model.safetensors").is_file()
    assert (out / "adapter" / "adapter_config.json").is_file()
    assert (out / "loss.png").read_bytes().startswith(b"\x89PNG")

    assert tuned.label in (out / "report.html").read_text(encoding="utf-8")
    evaluation = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluation["models"] == {"base": tiny.label, "candidate": tuned.label}
    assert evaluation["cases"] == report["held_out"]
    card = tmp_path / "home" / "training" / "my-shop" / "dataset" / "card.json"
    assert json.loads(card.read_text(encoding="utf-8"))["files"][0]["name"] == "chats.jsonl"
    assert (tmp_path / "home" / "review.jsonl").is_file()
    assert json.loads((out / "report.json").read_text(encoding="utf-8"))["model"] == tuned.label
    assert report["folder"] == str(out)
    assert report["base"] == tiny.label
    assert report["data"]["conversations"] == len(TALKS)
    assert report["held_out"] == report["data"]["examples"]["test"] > 0
    assert report["training"]["steps"] == len(report["training"]["curve"]) > 0
    assert report["training"]["left_out"] == 0
    assert report["extra_examples"] == round(report["data"]["examples"]["train"] / 2) > 0
    assert set(report["comparison"]) == {"loss", "rouge_l", "citation", "right_language"}
    assert report["recipe"]["epochs"] == 1.0
    assert any(line.startswith("Training tiny@seed0 on ") for line in told)
    assert told[-1] == f"Serve it: chatbot serve --model {out}"

    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert [row["id"] for row in scores["base"]] == [row["id"] for row in scores["tuned"]]
    assert len(scores["tuned"]) == report["held_out"]
    assert json.loads((out / "manifest.json").read_text())["created_at"].endswith("+00:00")

    probes = json.loads((out / "probes.json").read_text(encoding="utf-8"))
    assert probes
    assert probes[0]["messages"][0]["role"] == "system"
    engine = LocalEngine(tuned, dtype="float32")
    prompt = engine._encode(probes[0]["messages"])
    assert engine._tokenizer.decode(prompt).endswith("Agent:\n")

    everything = "".join(p.read_text("utf-8") for p in out.rglob("*.json")) + "\n".join(told)
    assert "Pritchard" not in everything
    assert "olwen" not in everything


def test_an_existing_folder_is_refused_and_kept(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    out = tmp_path / "my-shop"
    out.mkdir()
    (out / "mine.txt").write_text("kept")
    with pytest.raises(FinetuneError, match="already exists; name another folder with --out"):
        run(exported(TALKS, tmp_path / "chats.jsonl"), out=out)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("logs", ["", "\n\n", "{}\n", "not json\n"])
def test_empty_logs_give_one_clear_error(
    run: Callable[..., dict[str, Any]], tmp_path: Path, logs: str
) -> None:
    path = tmp_path / "chats.jsonl"
    path.write_text(logs)
    with pytest.raises(FinetuneError) as raised:
        run(path, out=tmp_path / "my-shop")
    assert "chats.jsonl" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "my-shop").exists()


def test_logs_that_no_article_supports_say_so(
    run: Callable[..., dict[str, Any]], tmp_path: Path, articles: Path
) -> None:
    few = tmp_path / "articles"
    few.mkdir()
    for name in ("en/cards.md", "en/points.md", "zh/cards.md"):
        (few / name.replace("/", "-")).write_text((articles / name).read_text("utf-8"), encoding="utf-8")
    with pytest.raises(FinetuneError, match="the articles that the agents answered from"):
        run(exported(TALKS, tmp_path / "chats.jsonl"), out=tmp_path / "my-shop", articles=few)
    assert not (tmp_path / "my-shop").exists()


def test_without_articles_the_way_to_name_them_is_told(
    run: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    with pytest.raises(FinetuneError, match="--articles FOLDER"):
        run(exported(TALKS, tmp_path / "chats.jsonl"), articles=None)


def test_a_base_that_is_not_there_is_named(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="no-such-model"):
        run(exported(TALKS, tmp_path / "chats.jsonl"), base="no-such-model")


def test_a_handful_of_conversations_is_enough_for_a_report(
    run: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "my-shop"
    report = run(exported(TALKS[:4], tmp_path / "chats.jsonl"), out=out)
    text = (out / "report.json").read_text(encoding="utf-8")
    assert "NaN" not in text, "that is no JSON"
    assert report["held_out"] > 0


def stopped() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("length", "all_asked"), [({"epochs": 0.5}, True), ({"epochs": None}, False)])
def test_a_run_of_no_given_length_asks_some_of_the_held_out_questions(
    run: Callable[..., dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    length: dict[str, Any],
    all_asked: bool,
) -> None:
    monkeypatch.setattr(pipeline, "MINUTES", 0.02)
    monkeypatch.setattr(pipeline, "ASKED", 1)
    told: list[str] = []
    report = run(exported(TALKS, tmp_path / "chats.jsonl"), say=told.append, **length)
    assert report["held_out"] > 1
    asked = [line for line in told if line.startswith("Asking ")]
    assert all(f" {report['held_out'] if all_asked else 1} held-out" in line for line in asked)
    assert asked
    assert any(line.startswith("To ask all") for line in told) is not all_asked


def test_a_run_that_is_killed_while_it_trains_or_evaluates_is_resumed(
    run: Callable[..., dict[str, Any]], settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = exported(TALKS, tmp_path / "chats.jsonl")
    whole = run(logs, out=settings.home / "models" / "whole")
    built: list[int] = []
    build = pipeline.gather
    monkeypatch.setattr(pipeline, "gather", lambda *given: built.append(1) or build(*given))
    for where in ("train_stage", "_evaluate", "plot_loss"):
        with monkeypatch.context() as broken:
            broken.setattr(pipeline, where, lambda *given, **options: stopped())
            with pytest.raises(KeyboardInterrupt):
                run(logs, out=None if built else settings.home / "models" / "cut", resume=bool(built))
    report = run(logs, resume=True)
    assert built == [1]
    assert report["folder"] == str(settings.home / "models" / "cut")
    assert report["training"]["curve"] == whole["training"]["curve"]
    assert report["comparison"] == whole["comparison"]
    assert read_model(settings.home / "models" / "cut").version == read_model(Path(whole["folder"])).version
    with pytest.raises(FinetuneError, match="no run to resume"):
        run(logs, resume=True)


def test_a_resumed_run_has_to_ask_for_the_same(
    run: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = exported(TALKS, tmp_path / "chats.jsonl")
    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "train_stage", lambda *given, **options: stopped())
        with pytest.raises(KeyboardInterrupt):
            run(logs)
    with pytest.raises(FinetuneError, match="begun with another rank, alpha, seed; repeat its command"):
        run(logs, resume=True, rank=8, seed=7)


def test_a_dry_run_says_what_it_takes_and_leaves_nothing(
    run: Callable[..., dict[str, Any]], settings: Settings, tmp_path: Path
) -> None:
    told: list[str] = []
    report = run(exported(TALKS, tmp_path / "chats.jsonl"), dry_run=True, say=told.append)
    assert report["dry_run"]["seconds"] > 0
    assert [line.split()[0] for line in told[-3:]] == ["time", "memory", "disk"]
    assert not list((settings.home / "training").iterdir())
    assert not (settings.home / "models").exists()


def test_trials_choose_the_numbers(
    run: Callable[..., dict[str, Any]], settings: Settings, tmp_path: Path
) -> None:
    report = run(exported(TALKS, tmp_path / "chats.jsonl"), trials=2, epochs=4.0)
    assert [trial["number"] for trial in sorted(report["trials"], key=lambda t: t["number"])] == [1, 2]
    best = report["trials"][0]["recipe"]
    manifest = json.loads((Path(report["folder"]) / "manifest.json").read_text())
    assert {name: manifest["recipe_of_training"][name] for name in best} == best
    assert report["recipe"] == manifest["recipe_of_training"]
