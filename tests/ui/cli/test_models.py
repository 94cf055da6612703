"""`chatbot models` as a support team types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chatbot.engines import local
from chatbot.models import publication
from chatbot.models.publication import Published, read_publication
from tests.finetune.release.test_publish import Desk, desk  # noqa: F401 - a fixture
from ui.cli import main


@pytest.fixture
def run(desk: Desk, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    """Runs a subcommand in the desk's home; its models are scripted."""
    monkeypatch.setattr(local, "LocalEngine", lambda model, dtype: desk.open(model))
    monkeypatch.setenv("CHATBOT_HOME", str(desk.home))

    def run(*words: object) -> Result:
        return CliRunner().invoke(main, ["models", *map(str, words)])

    return run


def test_the_list(run, desk: Desk) -> None:  # noqa: F811
    out = run().output
    assert "old  old1  published" in out
    assert "from old@old1, lora" in out
    assert "30 examples of 40 conversations" in out
    rows = json.loads(run("--json").output)
    assert [(row["folder"], row["status"]) for row in rows] == [
        ("old", "published"),
        ("good", ""),
        ("worse", ""),
    ]
    publication.start_canary(desk.home, Published("good", "good1"), 0.1)
    assert "good  good1  canary 10%" in run().output


def test_an_empty_installation(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["models", "--home", str(tmp_path)])
    assert result.exit_code == 0
    assert "No model yet" in result.output


def test_publish_refuse_force_and_roll_back(run, desk: Desk) -> None:  # noqa: F811
    refused = run("publish", "worse")
    assert refused.exit_code == 1
    assert "NO: not better with confidence: rouge_l on held-out" in refused.output
    assert refused.output.rstrip().endswith("worse is not published.")
    good = run("publish", "good")
    assert good.exit_code == 0, good.output
    assert "good is published." in good.output
    forced = json.loads(run("publish", "worse", "--force", "--reason", "a test", "--json").stdout)
    assert forced["forced"] is True
    assert forced["published"] is True
    assert "Published now: good" in run("rollback", "--reason", "complaints").output
    assert json.loads(run("rollback", "--json").output)["current"]["folder"] == "old"
    told = run("history").output
    assert "FORCED" in told
    assert "complaints" in told
    assert [row["action"] for row in json.loads(run("history", "--json").output)] == [
        "publish", "refuse", "publish", "publish", "rollback", "rollback"
    ]  # fmt: skip


def test_a_canary(run, desk: Desk) -> None:  # noqa: F811
    assert "for 10% of the conversations" in run("publish", "good", "--share", 0.1).output
    assert read_publication(desk.home).share == 0.1
    assert run("publish", "good", "--share", 1.5).exit_code == 2


def test_a_server_that_does_not_follow_is_told(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_MODEL", "base")
    assert "CHATBOT_MODEL is 'base'" in run("publish", "good").output


def test_diff(run) -> None:
    out = run("diff", "old", "worse").output
    assert "old@old1 -> worse@worse1" in out
    assert "seed" in out
    assert "rouge_l" in out
    assert json.loads(run("diff", "old", "good", "--json").output)["shared_examples"] == 24


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["publish", "nowhere"], "no model version 'nowhere'"),
        (["publish", "old"], "published already"),
        (["diff", "old", "nowhere"], "no model version"),
    ],
)
def test_bad_input_is_one_sentence(run, words: list[str], told: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.output
    assert "Traceback" not in result.output


def test_nothing_to_roll_back(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["models", "rollback", "--home", str(tmp_path)])
    assert result.exit_code == 2
    assert "Nothing is published" in result.output


def test_config_says_what_is_served(run) -> None:
    result = CliRunner().invoke(main, ["config", "--json"])
    row = next(row for row in json.loads(result.output) if row["setting"] == "CHATBOT_MODEL")
    assert (row["value"], row["from"]) == ("published (old)", "default")


@pytest.mark.parametrize("name", ["publish", "rollback", "diff", "history"])
def test_each_subcommand_has_examples(run, name: str) -> None:
    assert f"  chatbot models {name}" in run(name, "--help").output
