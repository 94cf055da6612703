"""Each package imports only from the packages on its left: retrieval <- chatbot <- finetune <- ui."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("retrieval", "chatbot", "finetune", "ui")


def imported(source: str, package: str) -> set[str]:
    """Top-level names that the source imports anywhere, also inside functions and by importlib."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name.partition(".")[0] for alias in aliases}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module.partition(".")[0])
            case ast.ImportFrom():
                names.add(package)
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(str(module)), *_]):
                names.add(module.partition(".")[0])
    return names


def offences(path: Path) -> list[str]:
    """What a file of a package imports from packages on its right, or from the tests."""
    package = path.relative_to(ROOT).parts[0]
    forbidden = {*LAYERS[LAYERS.index(package) + 1 :], "tests", "benchmarks"}
    found = imported(path.read_text(encoding="utf-8"), package) & forbidden
    return [f"{path.relative_to(ROOT)} imports {name}" for name in sorted(found)]


@pytest.mark.parametrize("package", LAYERS)
def test_a_package_imports_only_from_its_left(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files, f"{package} has no files"
    assert [line for path in files for line in offences(path)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import ui.cli",
        "from ui.cli import main",
        "def late():\n    from ui import cli",
        "import os, ui",
        "import importlib\nimportlib.import_module('ui.cli')",
        "if TYPE_CHECKING:\n    from ui.cli import main",
    ],
)
def test_no_way_to_write_an_import_goes_unseen(source: str) -> None:
    assert "ui" in imported(source, "chatbot")
