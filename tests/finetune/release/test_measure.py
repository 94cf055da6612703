"""`chatbot evaluate model` with scripted models: which are compared, on what, and where the report goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatbot.engines.scripted import ScriptedEngine
from chatbot.models import publication
from chatbot.models.folders import ModelFolder
from chatbot.models.publication import Published
from chatbot.settings import Settings, load_settings
from finetune.dataset.folder import DatasetReport, publish_dataset
from finetune.errors import DatasetError, UnknownModel
from finetune.evaluation import turns
from finetune.release.measure import evaluate_version
from tests.finetune.evaluation.held_out import held_out, shop_index

RIGHT = "Refunds go back to your card within 5 business days after the check. [1]"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    index = shop_index(tmp_path)
    for name, base in (("root", ""), ("old", "root@root1"), ("new", "root@root1")):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        about = {"name": name, "version": f"{name}1", "base": base}
        (folder / "manifest.json").write_text(json.dumps(about))
    (tmp_path / "models" / "new" / "report.json").write_text(json.dumps({"base": "root@root1"}))
    parts = {"train": [], "validation": [], "test": held_out(index)}
    out = tmp_path / "training" / "new" / "dataset"
    publish_dataset(parts, DatasetReport(5, {}, {}, {}, {}, {}, {}, out), {}, out)
    monkeypatch.setattr(turns, "losses_of", lambda folder, examples: (1.0 for _ in examples))
    monkeypatch.setattr("finetune.release.measure.open_index", lambda settings, folder: index)
    return load_settings(home=tmp_path)


def test_base_published_and_candidate(settings: Settings) -> None:
    publication.publish(settings.home, Published("old", "old1"))
    opened: list[str] = []

    def open_model(model: ModelFolder) -> ScriptedEngine:
        opened.append(model.name)
        return ScriptedEngine([RIGHT if model.name == "new" else "I do not know that."])

    def evaluate(**options: Any) -> dict[str, Any]:
        return evaluate_version("new", settings=settings, open_model=open_model, **options)

    comparison = evaluate()
    assert comparison["models"] == {"base": "root@root1", "current": "old@old1", "candidate": "new@new1"}
    assert comparison["cases"] == 5
    assert comparison["all"]["loss"]["candidate"]["mean"] == 1.0
    page = settings.home / "models" / "new" / "report.html"
    assert "old@old1" in page.read_text(encoding="utf-8")
    assert json.loads((page.parent / "evaluation.json").read_text())["models"] == comparison["models"]
    assert opened == ["root", "old", "new"]
    again = evaluate(against="root", limit=2, out=settings.home / "elsewhere")
    assert opened == ["root", "old", "new"], "what was asked is kept"
    assert again["models"]["current"] == "root@root1"
    assert again["cases"] == 2
    assert (settings.home / "elsewhere" / "report.html").is_file()


def test_before_anything_is_published(settings: Settings) -> None:
    comparison = evaluate_version("new", settings=settings, open_model=lambda model: ScriptedEngine([RIGHT]))
    assert set(comparison["models"]) == {"base", "candidate"}


def test_what_is_missing_is_named(settings: Settings) -> None:
    with pytest.raises(UnknownModel):
        evaluate_version("nowhere", settings=settings)
    with pytest.raises(DatasetError, match="held-out examples of old"):
        evaluate_version("old", settings=settings)
