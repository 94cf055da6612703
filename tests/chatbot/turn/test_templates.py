"""Curated answers: which messages they fit, and what a broken file is told."""

from pathlib import Path

import pytest

from chatbot.errors import BadSettings
from chatbot.turn.templates import SHIPPED, Templates

TEMPLATES = Templates(SHIPPED)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello!!", "greeting"),
        ("good morning 😊", "greeting"),
        ("ok great, thanks a lot", "thanks"),
        ("谢谢啦", "thanks"),
        ("bye", "goodbye"),
        ("are you a robot?", "identity"),
        ("你是机器人吗？", "identity"),
        ("I'd like to speak to a real person please", "handoff"),
        ("agent", "handoff"),
        ("转人工客服", "handoff"),
    ],
)
def test_a_message_that_says_nothing_else_fits(text: str, name: str) -> None:
    assert TEMPLATES.match(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "Hello, how long does a refund take?",
        "thanks but my lamp is still broken",
        "你好，退款多久到账",
        "How do I change the delivery person?",
        "okay so where is my parcel",
    ],
)
def test_a_message_with_a_question_does_not(text: str) -> None:
    assert TEMPLATES.match(text) == ""


def test_every_template_speaks_both_languages() -> None:
    for name in (
        "greeting",
        "thanks",
        "goodbye",
        "identity",
        "handoff",
        "abstain",
        "clarify",
        "other_language",
    ):
        assert TEMPLATES.answer(name, "en").isascii()
        assert not TEMPLATES.answer(name, "zh").isascii()


def test_an_installations_own_file_is_used(tmp_path: Path) -> None:
    own = SHIPPED.read_text(encoding="utf-8").replace("Goodbye, and have a good day!", "So long!")
    (tmp_path / "templates.toml").write_text(own, encoding="utf-8")
    assert Templates.open(tmp_path).answer("goodbye", "en") == "So long!"


@pytest.mark.parametrize("text", ["[[template", '[[template]]\nname = "greeting"', ""])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "templates.toml"
    path.write_text(text)
    with pytest.raises(BadSettings, match=r"templates\.toml"):
        Templates(path)
