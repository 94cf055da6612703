"""The product knows no shop: no proper name of the sample company stands in the packages."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.house import LAYERS, ROOT

EXAMPLES = ROOT / "examples"
TEXTS = {".py", ".toml", ".txt", ".html", ".js", ".css"}
GENERAL = {"Mill"}  # also what a house may be called, in addresses
# What the rules do not name: brands, programs and places to write to.
BRANDS = ("Wick", "Glowmate", "Keepwell", "willowandwick", "柳芯", "芯享")


def proper_names() -> set[str]:
    """The shop's own words: those that its redaction rules name, and its brands."""
    rules = tomllib.loads((EXAMPLES / "redaction.toml").read_text(encoding="utf-8"))
    return {*rules["no_names"], *rules["public"], *BRANDS} - GENERAL


def found_in(text: str, names: set[str]) -> list[str]:
    """The names that stand in a text, as whole words where letters are parted by spaces."""
    latin = r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])"
    return sorted(
        name
        for name in names
        if (re.search(latin.format(re.escape(name)), text) if name.isascii() else name in text)
    )


def order_numbers() -> list[str]:
    """How the shop's order numbers begin, as customers write them in its logs."""
    logs = (EXAMPLES / "logs" / "tickets.csv").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"\b([A-Z]{2}-)\d{7}\b", logs)))


@pytest.mark.parametrize("package", LAYERS)
def test_no_package_names_the_sample_shop(package: str) -> None:
    names, numbers = proper_names(), order_numbers()
    files = [path for path in (ROOT / package).rglob("*") if path.suffix in TEXTS]
    assert files
    wrong = {}
    for path in files:
        text = path.read_text(encoding="utf-8")
        found = [*found_in(text, names), *(number for number in numbers if re.search(rf"\b{number}\d", text))]
        if found:
            wrong[str(path.relative_to(ROOT))] = found
    assert wrong == {}


def test_the_names_are_those_of_the_sample_shop() -> None:
    """Each one occurs in the examples, so that the search above looks for something."""
    kinds = {".md", ".html", ".csv", ".jsonl"}  # not .toml, which holds the rules themselves
    articles = [path for path in EXAMPLES.rglob("*") if path.suffix in kinds]
    everything = "\n".join(path.read_text(encoding="utf-8") for path in articles)
    assert [name for name in proper_names() if name not in everything] == []
    assert order_numbers() == ["WW-"]
    assert found_in("ask the Wick Club", proper_names()) == ["Wick"]
    assert found_in("a wicker chair", proper_names()) == []
