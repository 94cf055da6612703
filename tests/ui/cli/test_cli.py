"""The commands, run as a user would, with a scripted model in place of a real one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from chatbot import app as chatbot_app
from chatbot.app import Chat
from chatbot.engines.scripted import ScriptedEngine
from retrieval.embed import load as embed
from tests.retrieval.hashing import HashingEmbedder
from tests.ui.conftest import ANSWER, QUESTION
from ui.cli import main
from ui.cli.chat import talk
from ui.cli.evaluate import SUBJECTS
from ui.cli.group import COMMANDS
from ui.serve import listen


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Runs a command in an empty home, with a small embedder; returns click's result."""
    monkeypatch.setenv("CHATBOT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(embed, "load_embedder", lambda name="default": HashingEmbedder())
    return lambda *words, **more: CliRunner().invoke(main, [str(word) for word in words], **more)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch, chat: Chat):
    """Commands that build a chat get the scripted one."""
    monkeypatch.setattr(chatbot_app, "build_chat", lambda settings: chat)


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    code = "import sys, ui.cli as c; c.main(['-h'], standalone_mode=False); print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "chatbot ingest" in out
    for module in ("torch", "transformers", "numpy", "gradio", "fastapi", "sqlite_utils", "rich"):
        assert f"'{module}'" not in out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself_with_examples(run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"  chatbot {name}" in result.output


def test_ingest_then_search(run, articles: Path) -> None:
    result = run("ingest", articles)
    assert result.exit_code == 0, result.output
    assert "Articles: 3 added" in result.output
    again = json.loads(run("ingest", articles, "--json").output)
    assert (again["unchanged"], again["embedded"]) == (3, 0)
    found = run("search", "return an item", "-k", 1)
    assert "1. Returning an item" in found.output
    assert "coverage" in found.output
    hits = json.loads(run("search", "退货", "--language", "zh", "--json").output)
    assert hits[0]["passage"]["language"] == "zh"


def test_a_file_that_cannot_be_read_is_told_and_the_exit_code_is_1(run, tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("# Good\n\nThis can be read.")
    (tmp_path / "bad.pdf").write_bytes(b"not a pdf")
    result = run("ingest", tmp_path / "good.md", tmp_path / "bad.pdf")
    assert result.exit_code == 1
    assert "bad.pdf" in result.output
    assert "Articles: 1 added" in result.output
    assert result.output.rstrip().splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["search", "x"], "ingest"),
        (["serve", "--engine", "openai"], "CHATBOT_BASE_URL"),
        (["ingest", "no-such-folder"], "does not exist"),
        (["fly"], "No such command"),
        (["search"], "Missing argument"),
    ],
)
def test_bad_input_is_named_in_one_sentence_and_the_exit_code_is_2(run, words: list[str], told: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.output
    assert "Traceback" not in result.output


def test_config_tells_where_each_setting_comes_from(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_PORT", "8123")
    monkeypatch.setenv("CHATBOT_API_KEY", "secret")
    rows = {row["setting"]: row for row in json.loads(run("config", "--json").output)}
    assert (rows["CHATBOT_PORT"]["value"], rows["CHATBOT_PORT"]["from"]) == ("8123", "environment")
    assert rows["CHATBOT_HOST"]["from"] == "default"
    assert "secret" not in run("config").output
    monkeypatch.setenv("CHATBOT_PORT", "many")
    assert run("config").exit_code == 2


def test_ask_prints_the_answer_and_its_sources(run, answering) -> None:
    result = run("ask", QUESTION)
    assert result.exit_code == 0
    assert result.output.startswith(ANSWER)
    assert "[1] Returning an item  https://shop.example/returns" in result.output


def test_ask_as_json_from_standard_input(run, answering) -> None:
    turn = json.loads(run("ask", "-", "--json", input=QUESTION).output)
    assert turn["answer"] == ANSWER
    assert turn["citations"][0]["n"] == 1


def test_ask_fails_with_1_when_the_model_breaks_and_2_for_an_empty_question(
    run, answering, engine: ScriptedEngine
) -> None:
    engine.fail_after = 2
    result = run("ask", QUESTION)
    assert result.exit_code == 1
    assert "Error: " in result.output


def test_ask_refuses_an_empty_question(run, answering) -> None:
    result = run("ask", " ")
    assert result.exit_code == 2
    assert result.output.startswith("Error: ")


def test_chat_answers_until_quit(run, answering) -> None:
    lines = [QUESTION, "/sources", "/what", "/new", "/quit"]
    result = run("chat", input="\n".join(lines))
    assert result.exit_code == 0
    assert ANSWER in result.output
    assert "You have 30 days to return an item." in result.output
    assert result.output.count("/new begins") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_stops_the_reply_and_the_talk_goes_on(
    chat: Chat, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.delay = 2.0  # the reply must not be over before the signal comes, on a busy machine either
    typed = iter([QUESTION, "hello", "/quit"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))

    def interrupt() -> None:
        while not engine.requests:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with asyncio.Runner() as runner:
        talk(chat, runner, "en")
    assert "(stopped)" in capsys.readouterr().out
    assert engine.cancelled == 1
    talks = [
        turn for row in chat.store._db["conversations"].rows for turn in chat.store.thread(row["id"]).turns
    ]
    assert [turn.status for turn in talks] == ["stopped", "done"]


def test_a_port_in_use_is_told_before_anything_is_loaded(run) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", port)
    assert result.exit_code == 1
    assert f"--port {port + 1}" in result.output
    assert len(result.output.splitlines()) == 1


def test_finetune_passes_its_options_on(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from finetune import tune as pipeline

    got: dict = {}

    def note(logs: list[Path], **options: object) -> dict:
        got.update(options, logs=logs)
        options["say"]("training")
        return {"loss": 1.5}

    monkeypatch.setattr(pipeline, "run", note)
    (tmp_path / "logs.jsonl").write_text("{}")
    words = [
        "finetune",
        tmp_path / "logs.jsonl",
        "--minutes",
        2.5,
        "--out",
        tmp_path / "new",
        "--seed",
        3,
        "--json",
    ]
    result = run(*words)
    assert json.loads(result.stdout) == {"loss": 1.5}
    assert "training" in result.stderr
    assert (got["logs"], got["out"]) == ([tmp_path / "logs.jsonl"], tmp_path / "new")
    assert (got["minutes"], got["seed"], got["epochs"], got["base"]) == (2.5, 3, None, "base")


def test_finetune_names_logs_that_hold_nothing(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from finetune import tune as pipeline
    from finetune.errors import LogsUnreadable

    def refuse(logs: list[Path], **options: object) -> dict:
        raise LogsUnreadable("There is nothing in it.")

    monkeypatch.setattr(pipeline, "run", refuse)
    (tmp_path / "empty.jsonl").write_text("")
    result = run("finetune", tmp_path / "empty.jsonl")
    assert (result.exit_code, result.stderr) == (2, "Error: There is nothing in it.\n")


def test_logs_import_shows_what_it_did_and_writes_a_log(run, tmp_path: Path) -> None:
    file = tmp_path / "desk.csv"
    file.write_text(
        "Wer,Was,Nr\nuser,my mail is dana@home.example ok,1\nstaff,thank you very much indeed,1\nx\n"
    )
    words = ("logs", "import", file, "--column", "role=Wer", "--column", "message=Was")
    result = run(*words, "--name", "desk")
    assert result.exit_code == 0, result.output
    assert "desk.csv: messages; columns" in result.output
    assert "Kept: 1 conversations (1 en) with 2 messages." in result.output
    assert "1 columns instead of 3 (first: desk.csv:4)" in result.output
    assert "  + my mail is [email-1] ok" in result.output
    again = json.loads(run(*words, "--name", "desk", "--json").stdout)
    assert (again["conversations"], again["redacted"]) == (1, {"email": 1})
    assert (Path(again["folder"]) / "manifest.json").is_file()
    assert run("logs", "import", file, "--column", "shoe=Wer").exit_code == 2


def test_logs_import_of_a_file_that_cannot_be_read(run, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b,c\n1,2,3\n")
    result = run("logs", "import", tmp_path / "bad.csv")
    assert (result.exit_code, "has no column with the messages" in result.stderr) == (2, True)


def test_evaluate_redaction_gives_recall_and_precision(run, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"text": "mail a@b.example", "entities": [{"type": "email", "text": "a@b.example"}]}')
    assert "1.000" in run("evaluate", "redaction", file).output
    assert json.loads(run("evaluate", "redaction", file, "--json").output)["en"]["email"]["recall"] == 1.0


def test_evaluate_prints_its_measures(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from finetune.evaluation import answers

    report = {"model": "x", "all": {"questions": 2, "facts_stated": {"mean": 0.5, "n": 2}}, "rows": []}
    monkeypatch.setattr(answers, "evaluate_answers", lambda path, **options: report)
    (tmp_path / "questions.jsonl").write_text("{}")
    told = run("evaluate", tmp_path / "questions.jsonl").output
    assert "facts stated" in told
    assert "mean 0.5" in told
    assert json.loads(run("evaluate", tmp_path / "questions.jsonl", "--json").output) == report
    for words in (("answers",), ("--json",)):
        assert run("evaluate", *words, tmp_path / "questions.jsonl").exit_code == 0


@pytest.mark.parametrize("name", SUBJECTS)
def test_each_measurement_explains_itself_with_examples(run, name: str) -> None:
    result = run("evaluate", name, "--help")
    assert result.exit_code == 0
    assert f"  chatbot evaluate {name}" in result.output
