"""How commands end: errors of our own with a sentence and a code, also where packages are not installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chatbot.errors import BadMessage, ChatbotError, EngineFailed
from finetune.errors import NotBetter
from finetune.packages import TRAIN
from retrieval.errors import IndexMissing, RetrievalError
from ui.cli.failure import BAD_INPUT, FAILED, failure_of
from ui.errors import WorkIncomplete

CORE = """
import json, sys
from pathlib import Path
sys.modules.update(dict.fromkeys({packages}, None))
from click.testing import CliRunner
from ui.cli import main

def run(*words):
    result = CliRunner().invoke(main, list(words))
    return [" ".join(words), result.exit_code, repr(result.exception), result.output.strip().splitlines()[-1]]

print(json.dumps([run(*words) for words in json.load(sys.stdin)]))
"""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadMessage("Say more."), BAD_INPUT),
        (IndexMissing("There is none."), BAD_INPUT),
        (EngineFailed("It broke."), FAILED),
        (ChatbotError("It broke."), FAILED),
        (RetrievalError("It broke."), FAILED),
        (NotBetter("It is not."), FAILED),
        (WorkIncomplete("A part is missing."), FAILED),
    ],
)
def test_the_codes(error: Exception, code: int) -> None:
    failure = failure_of(error)
    assert failure
    assert (failure.sentence, failure.code) == (str(error), code)


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), ValueError("x"), ModuleNotFoundError("x", name="nothing")],
)
def test_what_the_program_does_not_know_is_no_sentence(error: Exception) -> None:
    assert failure_of(error) is None


def test_a_module_that_only_training_has_is_a_sentence() -> None:
    failure = failure_of(ModuleNotFoundError("No module named 'optuna.trial'", name="optuna.trial"))
    assert failure
    assert failure.code == BAD_INPUT
    assert failure.sentence.startswith("optuna is not installed")


def test_the_program_without_the_packages_for_training(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path / "home")]
    (tmp_path / "logs.jsonl").write_text("{}\n")
    (tmp_path / "questions.jsonl").write_text('{"question": "When?", "language": "en"}\n')
    labelled = tmp_path / "redaction.jsonl"
    labelled.write_text(
        '{"text": "mail a@b.example", "entities": [{"type": "email", "text": "a@b.example"}]}'
    )
    chats = tmp_path / "chats.csv"
    chats.write_text("role,message,conversation\nuser,hello Dana,1\nagent,thank you very much indeed,1\n")
    logs, questions = str(tmp_path / "logs.jsonl"), str(tmp_path / "questions.jsonl")
    groups = ["finetune", "evaluate", "logs", "models", "serve", "chat", "ask", "ingest", "search"]
    work = [
        ["--help"], *([name, "--help"] for name in groups), ["finetune", "model", "--help"],
        ["config"], ["models", *home], ["logs", "import", str(chats), *home],
        ["evaluate", "redaction", str(labelled)],
    ]  # fmt: skip
    lack = [
        ["finetune", logs, *home], ["finetune", "retriever", *home], ["finetune", "reranker", *home],
        ["evaluate", questions, *home],
    ]  # fmt: skip
    code = CORE.replace("{packages}", repr(TRAIN))
    told = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(work + lack),
        capture_output=True,
        text=True,
        check=True,
    )
    ends = json.loads(told.stdout)
    assert [end for end in ends[: len(work)] if end[1] != 0] == []
    for words, exit_code, _, last in ends[len(work) :]:
        assert exit_code == 2, words
        assert "not installed" in last
        assert last.endswith(
            "type `pip install 'support-chatbot[train]'`, or `make finetune`, which installs them."
        )
