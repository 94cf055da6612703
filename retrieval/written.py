"""When a file was written, to see whether it has to be read again."""

from pathlib import Path


def written(path: Path) -> int:
    """A number that changes when the file is written anew; 0 when there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
