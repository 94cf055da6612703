"""`chatbot feedback` counts what people thought of the answers, and writes what preference tuning reads."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from chatbot.store.sqlite import SqliteStore
from tests.finetune.dataset.test_feedback import BAD, CASH, Desk
from ui.cli import main


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(words))
    return result.exit_code, result.output


def test_counts_and_files(tmp_path: Path) -> None:
    desk = Desk(tmp_path).begin()
    turn = desk.turn(CASH, BAD, "en/cards")
    desk.store.record_correction(turn, "A gift card cannot be exchanged for cash.")
    desk.rate(desk.turn(CASH, BAD, "en/cards"), -1, "wrong")
    desk.store.close()
    code, told = run("feedback", "--home", str(tmp_path))
    assert code == 0
    assert "1 thumbs down" in told
    assert "1 pairs" in told
    code, told = run("feedback", "export", str(tmp_path / "out"), "--home", str(tmp_path), "--json")
    assert json.loads(told)["made"]["to review"] == 1
    rows = (tmp_path / "out" / "preferences.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row).get("chosen", "") for row in rows] == [
        "A gift card cannot be exchanged for cash. [1]",
        "",
    ]
    assert json.loads((tmp_path / "out" / "review.jsonl").read_text())["comment"] == "wrong"


def test_nothing_yet(tmp_path: Path) -> None:
    assert run("feedback", "--home", str(tmp_path)) == (
        0,
        "Feedback: nothing\nMade of it: nothing\nLeft out: nothing\n",
    )
    assert not (tmp_path / "chatbot.db").exists()
    SqliteStore(tmp_path / "chatbot.db").close()
    assert run("feedback", "--home", str(tmp_path))[0] == 0


def test_finetune_needs_something_to_learn_from(tmp_path: Path) -> None:
    code, told = run("finetune", "--home", str(tmp_path))
    assert code == 2
    assert "--from-feedback" in told
