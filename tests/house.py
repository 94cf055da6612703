"""The house as the files show it: rooms, what imports what, and what each says of itself."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("retrieval", "chatbot", "finetune", "ui")
BEGIN, END = "<!-- rooms -->", "<!-- /rooms -->"
Graph = Mapping[str, set[str]]


def main() -> None:
    """`python -m tests.house` rewrites the list of rooms in docs/architecture.md."""
    page = ROOT / "docs" / "architecture.md"
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        sys.exit(f"{page} has no lines {BEGIN} and {END}; put them where the list of rooms belongs.")
    head, rest = text.split(BEGIN, 1)
    page.write_text(f"{head}{BEGIN}\n{room_list(ROOT)}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


def room_list(root: Path) -> str:
    """A fenced block: one line a room, its path and what it says it is."""
    rows = [
        (f"{path.parent.relative_to(root).as_posix()}/", sentence(path))
        for layer in LAYERS
        for path in sorted((root / layer).rglob("__init__.py"), key=lambda path: path.parent.parts)
    ]
    width = max(len(room) for room, _ in rows) + 2
    return "\n".join(["```text", *(f"{room:<{width}}{text}" for room, text in rows), "```"])


def sentence(path: Path) -> str:
    """The first line of a file's docstring, "" if it has none."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Every module of the packages by its dotted name; a package stands for its __init__.py."""
    files = [path for layer in LAYERS for path in (root / layer).rglob("*.py")]
    return {name_of(path, root): path for path in files}


def name_of(path: Path, root: Path) -> str:
    """The dotted name of a module file."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str, rooms: set[str]) -> str:
    """The innermost folder that holds a module and is a room; a file beside the rooms is its own."""
    parts = module.split(".")
    inside = [".".join(parts[:n]) for n in range(2, len(parts) + 1)]
    return next((name for name in inside if name in rooms), module)


def rooms(root: Path = ROOT) -> set[str]:
    """The folders directly in a package: each is one subject."""
    folders = [path.parent for layer in LAYERS for path in (root / layer).glob("*/__init__.py")]
    return {".".join(folder.relative_to(root).parts) for folder in folders}


def imports(source: str, known: set[str], package: str) -> set[str]:
    """The known modules that a source imports anywhere, also inside functions and for its types alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=aliases):
                found |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                found |= {
                    full if (full := f"{module}.{alias.name}") in known else module for alias in aliases
                }
            case ast.ImportFrom():
                found.add(package)  # a relative import stays in its package
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(str(module)), *_]):
                found.add(module)
    return found


def import_graph(root: Path = ROOT) -> dict[str, set[str]]:
    """For each module of the packages the modules of the packages that it imports."""
    known = modules(root)
    names = set(known)
    return {
        name: imports(path.read_text(encoding="utf-8"), names, name.partition(".")[0]) & names
        for name, path in known.items()
    }


def room_graph(graph: Graph, known: set[str]) -> dict[str, set[str]]:
    """The same between rooms; a package's own __init__.py is left out."""
    between: dict[str, set[str]] = {}
    for module, imported in graph.items():
        room = room_of(module, known)
        others = {room_of(one, known) for one in imported if one not in LAYERS}
        between.setdefault(room, set()).update(others - {room})
    return between


def circle(graph: Graph) -> list[str]:
    """A circle of imports from its first member to the same again; empty where there is none."""
    done: set[str] = set()
    path: list[str] = []

    def walk(name: str) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        path.append(name)
        for other in sorted(graph.get(name, ())):
            if found := walk(other):
                return found
        path.pop()
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name))), [])


if __name__ == "__main__":
    main()
