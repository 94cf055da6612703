"""Find the files of the given roots and read all their articles, noting what cannot be read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.articles.article import Article
from retrieval.articles.readers import SUFFIXES, read
from retrieval.errors import BadFile, NothingToRead


@dataclass(frozen=True, slots=True)
class FileArticle:
    """An article with the file it came from and the root under which that was found."""

    root: Path
    file: Path
    article: Article


@dataclass(slots=True)
class Scan:
    """The readable articles, the (file, reason) of what failed, and the files that failed as a whole."""

    found: list[FileArticle] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    unreadable: set[Path] = field(default_factory=set)

    def extend(self, other: Scan) -> None:
        """Add what another scan has found."""
        self.found += other.found
        self.failed += other.failed
        self.unreadable |= other.unreadable


def scan(paths: Sequence[Path], leave_out: Path) -> Scan:
    """Read every article under the paths, except those in the folder `leave_out`.

    Raises NothingToRead when a path has no file of a known format, or none of the files can be read.
    """
    result = Scan()
    for root, file in _files(paths, leave_out):
        try:
            articles, problems = read(file)
        except (BadFile, OSError) as error:
            result.failed.append((str(file), str(error)))
            result.unreadable.add(file)
            continue
        result.failed.extend((f"{file}, {place}", reason) for place, reason in problems)
        result.found.extend(FileArticle(root, file, article) for article in articles)
    if not result.found:
        reasons = "; ".join(f"{file}: {reason}" for file, reason in result.failed[:3])
        raise NothingToRead(f"None of the files can be read ({reasons}): the index is left as it was.")
    return result


def _files(paths: Sequence[Path], leave_out: Path) -> list[tuple[Path, Path]]:
    """Each file once, with its root, in a stable order."""
    files: dict[Path, Path] = {}
    hidden = leave_out.resolve()
    for path in paths:
        root = path.resolve()
        here = [file for file in _walk(root) if not file.is_relative_to(hidden)]
        if not here:
            known = ", ".join(sorted(SUFFIXES))
            what = "has no file that can be read" if root.exists() else "does not exist"
            raise NothingToRead(f"{path} {what}: give a file or a folder of {known} files.")
        for file in here:
            files.setdefault(file, root)
    return [(root, file) for file, root in files.items()]


def _walk(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith((".", "~$")) and Path(name).suffix.lower() in SUFFIXES:
                yield Path(folder) / name
