"""Keep the README's list of files equal to the sentence that each file begins with."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("retrieval", "chatbot", "finetune", "ui", "requirements")
BEGIN, END = "<!-- tree -->", "<!-- /tree -->"


def main() -> None:
    """Rewrite the part of README.md between the two markers."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        sys.exit(f"README.md has no lines {BEGIN} and {END}; put them where the list of files belongs.")
    head, rest = text.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    readme.write_text(f"{head}{BEGIN}\n{tree(ROOT)}\n{END}{tail}", encoding="utf-8")


def tree(root: Path) -> str:
    """Return the fenced block: one line a file, its path and its sentence, in two columns."""
    rows = [(str(path.relative_to(root)), sentence(path)) for path in modules(root)]
    width = max(len(path) for path, _ in rows) + 2
    return "\n".join(["```text", *(f"{path:<{width}}{text}" for path, text in rows), "```"])


def modules(root: Path) -> list[Path]:
    """Return the Python files of the packages, in the order of the packages, files before folders."""
    files = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
    return sorted(files, key=lambda path: (PACKAGES.index(path.relative_to(root).parts[0]), _place(path)))


def sentence(path: Path) -> str:
    """Return the first line of a file's docstring, "" if it has none."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def _place(path: Path) -> list[tuple[bool, str]]:
    folders = [(True, part) for part in path.parts[:-1]]
    return [*folders, (False, path.name)]


if __name__ == "__main__":
    main()
