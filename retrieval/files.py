"""The one writer of files and folders: written beside, and renamed into place when it is whole.

Who reads sees the old content or the new, never a part, also after a kill or a full disk.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def replace_text(path: Path, text: str) -> None:
    """Write a text file, on disk when this returns."""
    with replacing(path) as new, new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def replace_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, on disk when this returns. NaN is a fault of the caller: ValueError."""
    replace_text(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; renamed to it at the end, removed when the body raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        yield new
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder` to fill; it takes its place at the end, and what was there goes.

    The body may decide otherwise and remove the folder that it was given; then nothing is replaced.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    old = new.with_name(f"{new.name}.old")
    try:
        yield new
        if new.is_dir():
            new.chmod(0o755)  # mkdtemp lets nobody else read
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def written(path: Path) -> int:
    """A number that changes when the file is written anew; 0 when there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
