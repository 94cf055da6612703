"""`evaluate model`, `models export`, `logs distill` on the command line: what goes wrong is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from finetune.release import measure
from tests.finetune.evaluation.test_comparison import case, model
from ui.cli import main


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(words))
    return result.exit_code, result.output


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "model", "nowhere"),
        ("models", "export", "nowhere", "--out", "new"),
        ("models", "export", "nowhere", "--out", "new", "--format", "int8"),
    ],
)
def test_a_name_that_is_no_version(words: tuple[str, ...], tmp_path: Path) -> None:
    code, told = run(*words, "--home", str(tmp_path))
    assert code == 2
    assert "There is no model version 'nowhere'" in told
    assert len(told.strip().splitlines()) == 1


def test_evaluate_model_tells_the_table_and_where_the_report_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from finetune.evaluation.comparison import compare_models

    models = [model("current", 2), model("candidate", 18)]
    found = compare_models([case(n) for n in range(20)], models) | {
        "models": {m.role: m.label for m in models}
    }
    monkeypatch.setattr(measure, "evaluate_version", lambda name, **how: found)
    code, told = run("evaluate", "model", "spring", "--home", str(tmp_path))
    assert code == 0
    assert "ROUGE-L" in told
    assert told.strip().endswith(str(tmp_path / "models" / "spring" / "report.html"))
    code, told = run("evaluate", "model", "spring", "--home", str(tmp_path), "--json")
    assert json.loads(told)["cases"] == 20


def test_distill_needs_an_index(tmp_path: Path) -> None:
    log = tmp_path / "chats.jsonl"
    log.write_text('{"messages": [{"from": "customer", "text": "hello there"}]}\n')
    code, told = run(
        "logs", "distill", str(log), "--base-url", "http://127.0.0.1:9/v1", "--model", "big",
        "--out", str(tmp_path / "more.jsonl"), "--home", str(tmp_path),
    )  # fmt: skip
    assert code == 2
    assert "index" in told
    assert not (tmp_path / "more.jsonl").exists()
