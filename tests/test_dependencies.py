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
    run = names([*project["project"]["dependencies"], *extras["train"], *extras["gpu"], *extras["qdrant"]])
    assert undeclared(LAYERS, run) == []
    assert undeclared(("tests", "benchmarks"), run | names(project["dependency-groups"]["dev"])) == []


def test_an_import_that_nobody_declares_is_found() -> None:
    assert "numpy" in undeclared(("retrieval",), set())


def test_each_declared_package_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    core, extras = project["project"]["dependencies"], project["project"]["optional-dependencies"]
    groups = project["dependency-groups"]
    for locks, wanted in {
        ("cpu",): names(core),
        ("gpu",): names([*core, *extras["gpu"]]) - {"faiss-cpu"},
        ("cpu", "train"): names(extras["train"]),
        ("cpu", "train", "dev"): names(groups["dev"]),
        ("vllm-cpu",): names(groups["vllm-cpu"]),
        ("vllm-gpu",): names(groups["vllm-gpu"]),
    }.items():
        files = [ROOT / "requirements" / f"{lock}.txt" for lock in locks]
        lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
        assert wanted - names(lines) == set(), f"{files[-1].name} is old: type `make lock`"


def test_each_dependency_has_a_lower_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    listed += [one for extra in project["project"]["optional-dependencies"].values() for one in extra]
    assert [one for one in listed if not re.search(r">=|==", one)] == []
