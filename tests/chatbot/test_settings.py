"""Settings come from the environment and arguments, and a bad one is named with what is allowed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from chatbot.errors import BadSettings
from chatbot.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in dataclasses.fields(Settings):
        monkeypatch.delenv(f"CHATBOT_{field.name.upper()}", raising=False)


def test_defaults_run_on_one_machine() -> None:
    settings = load_settings()
    assert (settings.home, settings.engine, settings.host) == (Path(".chatbot"), "auto", "127.0.0.1")
    assert settings.index == Path(".chatbot/index")
    assert settings.database == Path(".chatbot/chatbot.db")


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_PORT", "8000")
    monkeypatch.setenv("CHATBOT_HOME", "~/shop")
    monkeypatch.setenv("CHATBOT_MODEL", "")
    settings = load_settings(port=9000, model=None)
    assert settings.port == 9000
    assert settings.home == Path.home() / "shop"
    assert settings.model == "published", "an empty variable and None count as not given"


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("CHATBOT_PORT", "eighty", "a whole number from 0 to 65535"),
        ("CHATBOT_PORT", "70000", "a whole number from 0 to 65535"),
        ("CHATBOT_ENGINE", "gpt", "one of auto, local, vllm, openai"),
        ("CHATBOT_DTYPE", "float16", "one of auto, bfloat16, float32"),
        ("CHATBOT_BASE_URL", "localhost:8000", "http://"),
        ("CHATBOT_MAX_TOKENS", "0", "a whole number from 1"),
    ],
)
def test_a_bad_value_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSettings) as caught:
        load_settings()
    assert all(part in str(caught.value) for part in (variable, repr(value), allowed))


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(BadSettings, match="CHATBOT_MODEL"):
        load_settings(model=" ")


def test_a_setting_that_does_not_exist() -> None:
    with pytest.raises(BadSettings, match="'colour'"):
        load_settings(colour="red")


def test_a_server_needs_an_address() -> None:
    with pytest.raises(BadSettings, match="CHATBOT_BASE_URL"):
        load_settings(engine="openai")
    assert load_settings(engine="openai", base_url="http://h/v1/").base_url == "http://h/v1"


def test_description_names_every_setting_and_hides_the_key() -> None:
    rows = load_settings(api_key="sesame", port=1).describe()
    assert len(rows) == len(dataclasses.fields(Settings))
    assert all(variable.startswith("CHATBOT_") and text for variable, _, text in rows)
    shown = {variable: value for variable, value, _ in rows}
    assert shown["CHATBOT_PORT"] == "1"
    assert "sesame" not in str(rows)
