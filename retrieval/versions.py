"""Keep the versions of an index folder: one writer at a time, written whole, published by one rename."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retrieval.errors import IndexDamaged, IndexMissing, IngestBusy

FORMAT = 1
_CURRENT = "CURRENT"
_MANIFEST = "manifest.json"


def current(folder: Path) -> str:
    """Return the name of the published version. Raises IndexMissing when there is none."""
    try:
        return (folder / _CURRENT).read_text().strip()
    except OSError as error:
        raise IndexMissing(
            f"There is no index in {folder}: make one with `chatbot ingest FOLDER_OF_ARTICLES`."
        ) from error


def place(folder: Path, version: str) -> Path:
    """Return the folder of a version."""
    return folder / "versions" / version


def manifest(folder: Path, version: str) -> dict[str, Any]:
    """Read the manifest of a version and check that its files are there. Raises IndexDamaged."""
    where = place(folder, version)
    try:
        about = json.loads((where / _MANIFEST).read_text())
        whole = all((where / name).stat().st_size == size for name, size in about["files"].items())
    except (OSError, ValueError, KeyError) as error:
        raise _damaged(folder, str(error)) from error
    if about["format"] != FORMAT:
        raise _damaged(folder, f"its format is {about['format']}, this program writes {FORMAT}")
    if not whole:
        raise _damaged(folder, "a file has another size than its manifest says")
    return dict(about)


def publish(folder: Path, write: Callable[[Path], dict[str, Any]]) -> str:
    """Write a new version and make it the current one; call it under `lock`.

    `write` fills the empty folder that it is given and returns what the manifest shall say. The manifest is
    written last, then CURRENT is renamed into place, so that a reader sees the old version or the new one
    whole.
    """
    version = _next(folder)
    where = place(folder, version)
    where.mkdir(parents=True)
    about = write(where)
    files = sorted(path for path in where.rglob("*") if path.is_file())
    for path in files:
        _sync(path)
    sizes = {str(path.relative_to(where)): path.stat().st_size for path in files}
    _replace(where / _MANIFEST, json.dumps({"format": FORMAT, "version": version, **about, "files": sizes}))
    _sync(where.parent)
    _replace(folder / _CURRENT, version)
    return version


def clean(folder: Path, keep: int = 1) -> None:
    """Remove leftovers of killed runs, and all but the last `keep` versions up to the current one.

    A reader that has just read CURRENT may still be opening the version before, hence `keep=2` after
    publishing.
    """
    try:
        last = current(folder)
    except IndexMissing:
        last = ""
    names = sorted(path.name for path in (folder / "versions").glob("*"))
    kept = [name for name in names if name <= last][-keep:]
    for name in names:
        if name not in kept:
            shutil.rmtree(place(folder, name), ignore_errors=True)
    for leftover in folder.glob("*.new"):
        leftover.unlink(missing_ok=True)


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold the folder for writing; the system lets go of it when the process dies. Raises IngestBusy."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise IngestBusy(
                f"Another ingest is writing to {folder}: wait until it has ended, then try again."
            ) from error
        yield


def _next(folder: Path) -> str:
    names = [path.name for path in (folder / "versions").glob("*") if path.name.isdigit()]
    return f"{max(map(int, names), default=0) + 1:06d}"


def _replace(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    _sync(new)
    os.replace(new, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(folder: Path, reason: str) -> IndexDamaged:
    return IndexDamaged(
        f"The index in {folder} is damaged ({reason}): make it again with `chatbot ingest ... --rebuild`."
    )
