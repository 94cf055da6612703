"""The house holds: imports go left, without circles, tests mirror the rooms, and the map is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import (
    BEGIN,
    END,
    LAYERS,
    ROOT,
    circle,
    import_graph,
    imports,
    modules,
    room_graph,
    room_list,
    rooms,
    sentence,
)

HELPERS = {"conftest.py", "__init__.py"}


def test_a_package_imports_only_from_its_left() -> None:
    place = {layer: n for n, layer in enumerate(LAYERS)}
    wrong = [
        f"{module} imports {other}"
        for module, imported in import_graph().items()
        for other in imported
        if place[other.partition(".")[0]] > place[module.partition(".")[0]]
    ]
    assert wrong == []


def test_no_package_imports_tests_or_benchmarks() -> None:
    known = {"tests", "benchmarks"}
    wrong = [
        name
        for name, path in modules().items()
        if {one.partition(".")[0] for one in imports(path.read_text(encoding="utf-8"), set(), "")} & known
    ]
    assert wrong == []


def test_no_circle_between_files() -> None:
    assert circle(import_graph()) == []


def test_no_circle_between_rooms() -> None:
    assert circle(room_graph(import_graph(), rooms())) == []


def test_every_import_of_our_own_leads_somewhere() -> None:
    known = set(modules())
    wrong = [
        f"{name} imports {one}"
        for name, path in modules().items()
        for one in imports(path.read_text(encoding="utf-8"), known, name.partition(".")[0])
        if one.partition(".")[0] in LAYERS and one not in known
    ]
    assert wrong == []


def test_tests_mirror_the_rooms() -> None:
    """A test file lies where the room lies that it tests."""
    folders = {"/".join(name.split(".")) for name in rooms()} | set(LAYERS)
    folders |= {
        path.parent.relative_to(ROOT).as_posix()
        for layer in LAYERS
        for path in (ROOT / layer).rglob("__init__.py")
    }
    files = [path for path in (ROOT / "tests").rglob("test_*.py") if path.parent != ROOT / "tests"]
    lost = [path for path in files if path.parent.relative_to(ROOT / "tests").as_posix() not in folders]
    assert lost == []


@pytest.mark.parametrize("room", sorted(rooms()))
def test_each_room_is_tested(room: str) -> None:
    folder = ROOT / "tests" / Path(*room.split("."))
    assert any(folder.rglob("test_*.py")), f"there is no test in {folder.relative_to(ROOT)}"


def test_the_map_lists_each_room_with_what_it_says_it_is() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    shown = text.partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == room_list(ROOT), "docs/architecture.md differs from the rooms; type `make rooms`"


def test_each_room_says_what_it_is() -> None:
    assert [name for name in rooms() if not sentence(modules()[name])] == []


@pytest.mark.parametrize(
    "source",
    [
        "import ui.cli",
        "from ui.cli import main",
        "def late():\n    from ui import cli",
        "import os, ui.cli",
        "import importlib\nimportlib.import_module('ui.cli')",
        "if TYPE_CHECKING:\n    from ui.cli import main",
    ],
)
def test_no_way_to_write_an_import_goes_unseen(source: str) -> None:
    assert imports(source, {"ui", "ui.cli"}, "chatbot") & {"ui", "ui.cli"} == {"ui.cli"}


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
    assert room_graph({"p.a.x": {"p.b.y"}, "p.b.z": {"p.a.w"}}, {"p.a", "p.b"}) == {
        "p.a": {"p.b"},
        "p.b": {"p.a"},
    }
