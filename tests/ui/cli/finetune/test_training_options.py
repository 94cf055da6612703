"""The options of `chatbot finetune`: they are those of the recipe, and what does not go together is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from finetune import align as prefer_pipeline
from finetune import tune as pipeline
from finetune.training.recipe import METHODS as KNOWN
from ui.cli import main
from ui.cli.finetune.training import METHODS

LIKED = (
    '{"prompt": [{"role": "user", "content": "When?"}], "chosen": "Soon. [1]", "rejected": "Never.", '
    '"source": "thumb:1"}\n'
)


def typed(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["finetune", *words])
    return result.exit_code, result.output


@pytest.fixture
def liked(tmp_path: Path) -> str:
    (tmp_path / "liked.jsonl").write_text(LIKED)
    return str(tmp_path / "liked.jsonl")


@pytest.fixture
def logs(tmp_path: Path) -> str:
    (tmp_path / "logs.jsonl").write_text("{}\n")
    return str(tmp_path / "logs.jsonl")


def test_every_method_can_be_typed() -> None:
    assert METHODS == KNOWN


def test_the_numbers_reach_the_run(logs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    got: dict[str, Any] = {}
    monkeypatch.setattr(pipeline, "run", lambda logs, **given: got.update(given) or {})
    code, _ = typed(logs, "--home", str(tmp_path), "--method", "dora", "--rank", "32", "--trials", "4")
    assert code == 0
    assert (got["method"], got["rank"], got["trials"], got["patience"]) == ("dora", 32, 4, None)
    assert "loss" not in got
    assert "preferences" not in got


def test_preferences_begin_with_the_published_model(
    liked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: dict[str, Any] = {}
    monkeypatch.setattr(prefer_pipeline, "run", lambda file, **given: got.update(given, file=file) or {})
    assert typed("--home", str(tmp_path), "--preferences", liked, "--loss", "kto", "--epochs", "3")[0] == 0
    assert (got["file"], got["loss"], got["base"], got["epochs"]) == (Path(liked), "kto", "published", 3.0)
    assert typed("--home", str(tmp_path), "--preferences", liked, "--base", "default")[0] == 0
    assert (got["loss"], got["base"]) == ("dpo", "default")


def test_what_does_not_go_together_is_told(logs: str, liked: str, tmp_path: Path) -> None:
    home = ("--home", str(tmp_path))
    assert "--from-feedback or --preferences" in typed(*home)[1]
    assert "--preferences, which are missing" in typed(*home, logs, "--loss", "dpo")[1]
    for options in (["--method", "dora"], ["--trials", "3"], ["--resume"], [logs], ["--minutes", "3"]):
        code, said = typed(*home, "--preferences", liked, *options)
        assert code == 2
        assert "means nothing with --preferences" in said
    code, said = typed(*home, logs, "--dry-run", "--resume")
    assert code == 2
    assert "leave out one of the two" in said
    code, said = typed(*home, logs, "--resume")
    assert code == 2
    assert "no run to resume" in said
    code, said = typed(*home, "--preferences", liked)
    assert code == 2
    assert "about one prompt alone" in said
    code, said = typed(*home, logs, "--method", "prefix", "--gradient-checkpointing")
    assert code == 2
    assert "cannot be trained with --gradient-checkpointing" in said
