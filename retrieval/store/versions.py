"""Keep the versions of an index folder: one writer at a time, written whole, published by one rename."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retrieval.errors import IndexDamaged, IndexMissing, IngestBusy, UnknownVersion

FORMAT = 3  # since 3 tags are searched like text
KEPT = 3  # the current version and two to go back to
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
        raise IndexDamaged(
            f"The index in {folder} is of another version of this program (format {about['format']}; this "
            f"one reads {FORMAT}): make it again with `chatbot ingest ... --rebuild`."
        )
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


def clean(folder: Path, keep: int = KEPT) -> None:
    """Remove leftovers of killed runs, and all but the last `keep` versions up to the current one.

    A reader that has just read CURRENT may still be opening the version before, so it is among those kept.
    """
    try:
        last = current(folder)
    except IndexMissing:
        last = ""
    names = sorted(path.name for path in (folder / "versions").glob("*"))
    stay = [name for name in names if name <= last][-keep:]
    for name in names:
        if name not in stay:
            shutil.rmtree(place(folder, name), ignore_errors=True)
    for leftover in folder.glob("*.new"):
        leftover.unlink(missing_ok=True)


def kept(folder: Path) -> list[str]:
    """The names of the versions that can be gone back to, oldest first; the last one is current."""
    last = current(folder)
    names = sorted(path.parent.name for path in (folder / "versions").glob(f"*/{_MANIFEST}"))
    return [name for name in names if name <= last]


def rollback(folder: Path, version: str = "") -> str:
    """Publish the content of an earlier version, by default the one before, under a new name; returns it.

    The name is new, so that a server never takes it for one that it has open. Files are shared by hard links.
    Raises UnknownVersion, IndexMissing, IndexDamaged or IngestBusy, and the index is then as it was.
    """
    with lock(folder):
        names = kept(folder)
        wanted = version or next(iter(names[-2:-1]), "")
        if wanted not in names[:-1]:
            raise UnknownVersion(_choice(folder, names, version))
        about = manifest(folder, wanted)
        source = place(folder, wanted)

        def write(where: Path) -> dict[str, Any]:
            shutil.copytree(
                source,
                where,
                dirs_exist_ok=True,
                copy_function=_link,
                ignore=lambda _, n: {_MANIFEST} & set(n),
            )
            return {name: about[name] for name in about if name not in ("format", "version", "files")} | {
                "content_of": about.get("content_of", wanted)
            }

        clean(folder, keep=KEPT)
        published = publish(folder, write)
        clean(folder, keep=KEPT)
        return published


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


def _choice(folder: Path, names: list[str], version: str) -> str:
    what = f'no earlier version "{version}"' if version else "no earlier version"
    there = f": name one of {', '.join(names[:-1])}" if len(names) > 1 else ""
    return f"The index in {folder} has {what}{there}; see `chatbot index versions`."


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)
    return target


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
