"""Make a virtual environment from the pins in requirements/; `make` runs this with the system's Python."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "requirements"
OLDEST = (3, 11)
GIGABYTES = {"cpu": 3.0, "gpu": 12.0}  # one environment, with what pip and uv unpack beside it
LOCKS = {
    "app": ["{device}"],
    "train": ["{device}", "train"],
    "dev": ["{device}", "train", "dev"],
    "vllm": ["vllm-{device}"],
}


class CannotInstall(Exception):
    """One sentence: what is wrong and what to type next."""


def main(what: str, folder: str, device: str) -> None:
    """`environment.py app|train|dev|vllm FOLDER cpu|gpu` writes FOLDER/.installed-<what>-<device> last."""
    try:
        check_python()
        check_disk(Path(folder).absolute(), device)
        make(what, Path(folder).absolute(), device)
    except CannotInstall as error:
        sys.exit(f"make: {error}")
    except KeyboardInterrupt:
        sys.exit("make: stopped; type the same command again to go on.")


def check_python() -> None:
    """Raises CannotInstall. This file is Python 3.7, so that an old Python can still say what is missing."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        raise CannotInstall(
            f"Python 3.11 or newer is needed and {sys.executable} is {found}; "
            "name a newer one, for example `make run PYTHON=python3.12`."
        )
    if not (find_spec("venv") and find_spec("ensurepip")):
        raise CannotInstall("Python's venv module is missing; on Debian type `apt install python3-venv`.")


def check_disk(folder: Path, device: str) -> None:
    """Raises CannotInstall where a new environment does not fit; what pip and uv say hides the reason."""
    free = shutil.disk_usage(str(folder.parent)).free / 1e9
    if free < GIGABYTES[device] and not any(folder.glob(".installed-*")):
        raise CannotInstall(
            f"the disk of {folder.parent} has {free:.1f} GB left and the environment {folder.name} takes "
            f"{GIGABYTES[device]:.0f} GB; make room there, then type the same command again."
        )


def make(what: str, folder: Path, device: str) -> None:
    """Create or complete the environment; what is there is kept, so that an interrupted run can go on."""
    python = create(folder, device)
    locks = [name.format(device=device) for name in LOCKS[what]]
    install_uv(python)
    if device == "cpu":
        install_cpu_torch(python, pinned("torch", locks[0]))
    say(f"Installing the packages of {' and '.join(f'requirements/{name}.txt' for name in locks)} ...")
    install(python, *[part for name in locks for part in ("-r", str(PINS / f"{name}.txt"))])
    if what != "vllm":
        install(python, "--no-build-isolation", "-e", str(ROOT))
    (folder / f".installed-{what}-{device}").touch()


def create(folder: Path, device: str) -> Path:
    """Return the environment's Python; start anew after a change of device: faiss-cpu and -gpu collide."""
    python = folder / "bin" / "python"
    other = "gpu" if device == "cpu" else "cpu"
    if runs(python, "-m", "pip", "--version") and not any(folder.glob(f".installed-*-{other}")):
        return python
    say(f"Making the environment {folder.name} with Python {sys.version_info[0]}.{sys.version_info[1]} ...")
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(folder)]):
        raise CannotInstall(f"the environment {folder} could not be made, the lines above say why.")
    return python


def install_uv(python: Path) -> None:
    """Install uv, which is ten times as fast as pip and knows where PyTorch's CPU build is."""
    version = pinned("uv", "dev")
    if not has(python, "uv", version) and not pip(python, f"uv=={version}"):
        raise CannotInstall("no package could be fetched; check the network and type the same command again.")


def install_cpu_torch(python: Path, version: str) -> None:
    """Install PyTorch without CUDA, several GB smaller than the build that the package index has for Linux.

    The build is named VERSION+cpu. pip finds it where pip's own configuration names a folder or an index
    that has it; otherwise uv fetches it from PyTorch's own index.
    """
    if has(python, "torch", version):
        return
    say(f"Installing PyTorch {version}, the CPU build (about 190 MB) ...")
    if pip(python, "--no-deps", f"torch=={version}+cpu", quiet=True):
        return
    if not uv(python, "--torch-backend", "cpu", f"torch=={version}"):
        raise CannotInstall(
            f"the CPU build of PyTorch {version} could not be fetched; check the network and type the same "
            f"command again, or first take the CUDA build (several GB more): "
            f"`{python} -m pip install torch=={version}`."
        )


def install(python: Path, *arguments: str) -> None:
    """Install exactly what is named with uv, or with pip where only pip's configuration names the index."""
    if not uv(python, *arguments) and not pip(python, "--no-deps", *arguments):
        raise CannotInstall(
            "the packages could not be installed, the lines above say why; "
            "check the network and the free disk space, then type the same command again."
        )


def pinned(package: str, lock: str) -> str:
    """Return the version that requirements/<lock>.txt gives a package."""
    found = re.search(rf"^{package}==(\S+)", (PINS / f"{lock}.txt").read_text(), re.MULTILINE)
    if not found:
        raise CannotInstall(f"requirements/{lock}.txt does not name {package}; type `make lock`.")
    return found.group(1)


def has(python: Path, package: str, version: str) -> bool:
    """Whether the environment has this version, in whatever build."""
    code = f"from importlib.metadata import version; assert version({package!r}).split('+')[0] == {version!r}"
    return runs(python, "-c", code)


def uv(python: Path, *arguments: str) -> bool:
    """Install with uv, without resolving; whether it went well."""
    command = ["-m", "uv", "pip", "install", "--quiet", "--no-deps", "--python", str(python), *arguments]
    return subprocess.call([str(python), *command]) == 0


def pip(python: Path, *arguments: str, quiet: bool = False) -> bool:
    """Install with pip; whether it went well. Quiet: a failure is expected and its reason does not matter."""
    command = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", *arguments]
    silence = subprocess.DEVNULL if quiet else None
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    return subprocess.call([str(python), *command], stderr=silence, env=environment) == 0


def runs(*command: str | Path) -> bool:
    """Whether a command exists and ends well; it prints nothing."""
    try:
        return subprocess.run(list(map(str, command)), capture_output=True).returncode == 0
    except OSError:
        return False


def say(line: str) -> None:
    """Print at once, also into a pipe."""
    print(line, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
