"""What `make` says when an environment cannot be made, and what the pinned files may hold."""

import ast
import re
from pathlib import Path

import pytest

from requirements import environment

LOCKS = ("cpu", "gpu", "train", "dev", "vllm-cpu", "vllm-gpu")


def pins_of(lock: str) -> set[str]:
    """What a lock installs on every system."""
    text = (environment.PINS / f"{lock}.txt").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9.-]+)==[^;\n]+$", text, re.MULTILINE))


def said(folder: Path) -> str:
    with pytest.raises(SystemExit) as stop:
        environment.main("app", str(folder), "cpu")
    assert not list(folder.glob(".installed-*"))
    return str(stop.value)


def test_an_old_python_is_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "OLDEST", (99, 0))
    assert "make run PYTHON=" in said(tmp_path / "venv")


def test_a_missing_venv_module_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda name: None)
    assert "apt install python3-venv" in said(tmp_path / "venv")


def test_a_full_disk_is_named_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(environment.GIGABYTES, "cpu", 1e9)
    assert "make room there" in said(tmp_path / "venv")
    assert not (tmp_path / "venv").exists()


@pytest.mark.slow
def test_without_a_package_index_the_network_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert "check the network" in said(tmp_path / "venv")


@pytest.mark.slow
def test_an_environment_for_the_other_device_is_made_anew(tmp_path: Path) -> None:
    python = environment.create(tmp_path / "venv", "cpu")
    kept = tmp_path / "venv" / "kept"
    kept.touch()
    assert environment.create(tmp_path / "venv", "cpu") == python
    assert kept.exists()
    (tmp_path / "venv" / ".installed-app-cpu").touch()
    environment.create(tmp_path / "venv", "gpu")
    assert not kept.exists()


def test_an_old_python_can_read_the_script() -> None:
    ast.parse(Path(environment.__file__).read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_line_with_its_hashes_and_names_no_address(lock: str) -> None:
    text = (environment.PINS / f"{lock}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    pins = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert pins
    wrong = [line for line in pins if "==" not in line.partition(";")[0] or "--hash=sha256:" not in line]
    assert wrong == []
    assert "//" not in text


@pytest.mark.parametrize("lock", ["cpu", "vllm-cpu"])
def test_a_machine_without_gpu_gets_no_cuda_library(lock: str) -> None:
    text = (environment.PINS / f"{lock}.txt").read_text(encoding="utf-8")
    assert "\nnvidia-" not in text
    assert "\ncuda-" not in text
    assert environment.pinned("torch", lock) == environment.pinned("torch", lock.replace("cpu", "gpu"))


@pytest.mark.parametrize("lock", ["cpu", "gpu"])
def test_no_environment_gets_what_reports_its_use(lock: str) -> None:
    with pytest.raises(environment.CannotInstall):
        environment.pinned("openvino-telemetry", lock)


def test_faiss_is_for_the_device() -> None:
    assert environment.pinned("faiss-cpu", "cpu") == environment.pinned("faiss-gpu", "gpu")
    for package, lock in (("faiss-gpu", "cpu"), ("faiss-cpu", "gpu")):
        with pytest.raises(environment.CannotInstall, match="make lock"):
            environment.pinned(package, lock)


@pytest.mark.parametrize("lock", ["train", "dev"])
def test_what_goes_on_top_repeats_nothing(lock: str) -> None:
    """So the same files fit on top of the packages for a GPU."""
    assert pins_of(lock) & pins_of("cpu") == set()
    assert "torch" not in pins_of(lock)
