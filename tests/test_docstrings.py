"""Each file begins with one sentence that says what the file is for."""

import re

import pytest

from tests.house import ROOT, sentence

FOLDERS = ("retrieval", "chatbot", "finetune", "ui", "benchmarks", "tests")


def is_one_sentence(line: str) -> bool:
    """A capital letter (or a name in code) at the start, one full stop, at the end."""
    return bool(re.fullmatch(r"[A-Z`\d\"'].*[^.]\.", line)) and not re.search(r"[a-z)]\. [A-Z]", line)


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_file_says_what_it_is(folder: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*.py") if path.stat().st_size]
    wrong = [
        f"{path.relative_to(ROOT)}: {sentence(path)!r}"
        for path in files
        if not is_one_sentence(sentence(path))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("Find the passages that answer a question.", True),
        ("Where e.g. is fine.", True),
        ("", False),
        ("No full stop", False),
        ("lower case at the start.", False),
        ("Two sentences. In one line.", False),
        ("Goes on in the next line and so has no stop,", False),
    ],
)
def test_what_counts_as_a_sentence(line: str, good: bool) -> None:
    assert is_one_sentence(line) is good
