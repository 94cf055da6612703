"""A log file opened in its own encoding; a line in another encoding is read as that and named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from finetune.logs.conversation import Problem

HEAD = 1 << 20  # bytes looked at to tell the encoding
_TOLD = 1 << 18  # bytes between two reports of progress


class Opened:
    """One file for one pass. `told` is given the number of bytes read so far, now and then."""

    def __init__(self, file: Path, told: Callable[[int], None] | None = None) -> None:
        self.file = file
        self.encoding = encoding_of(file)
        self._told = told
        self._raw = file.open("rb")
        self._reported = 0

    def head(self) -> str:
        """The first letters, as far as they decode; the pass still begins at the start."""
        at = self._raw.tell()
        text = self._raw.read(HEAD).decode(self.encoding, errors="replace").lstrip("\ufeff")
        self._raw.seek(at)
        return text

    def chunks(self, letters: int) -> Iterator[str]:
        """The text in pieces."""
        with self._raw, _wrapped(self) as text:
            while piece := text.read(letters):
                self._tell()
                yield (
                    _mended(piece)[0]
                    .replace("\0", "")
                    .lstrip("\ufeff" if self._raw.tell() <= letters else "")
                )

    def lines(self, problems: list[Problem], blank: bool = False) -> Iterator[tuple[int, str]]:
        """Numbered lines; what had to be read as another encoding, or held NUL bytes, is a problem."""
        with self._raw, _wrapped(self) as text:
            for number, line in enumerate(text, start=1):
                self._tell()
                mended, how = _mended(line)
                if how:
                    problems.append(Problem(self.file, number, f"not valid {self.encoding}: read as {how}"))
                if "\0" in mended:
                    problems.append(Problem(self.file, number, "NUL bytes taken out"))
                    mended = mended.replace("\0", "")
                if blank or mended.strip():
                    yield number, mended

    def _tell(self) -> None:
        at = self._raw.tell()
        if self._told and at >= self._reported + _TOLD:
            self._reported = at
            self._told(at)


def encoding_of(file: Path) -> str:
    """UTF-8 unless the first megabyte says otherwise: a byte-order mark, or lines that mostly are not."""
    with file.open("rb") as raw:
        head = raw.read(HEAD)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    lines = [line for line in head.split(b"\n") if not line.isascii()]
    for encoding in ("utf-8-sig", "gb18030"):
        if 2 * sum(_decodes(line, encoding) for line in lines) >= len(lines):
            return encoding
    return "cp1252"


def _wrapped(opened: Opened):  # type: ignore[no-untyped-def]
    import io

    # What does not decode becomes lone surrogates, so that a bad line is found and mended.
    return io.TextIOWrapper(opened._raw, opened.encoding, errors="surrogateescape", newline="")


def _mended(text: str) -> tuple[str, str]:
    """A line that did not decode, read as what it most likely is."""
    if not re.search("[\ud800-\udfff]", text):
        return text, ""
    raw = text.encode("utf-8", errors="surrogateescape")
    for encoding in ("gb18030", "cp1252"):
        if encoding == "cp1252" or _decodes(raw, encoding):
            return raw.decode(encoding, errors="replace"), encoding
    return text, ""


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        return False
    # Latin-1 letters also decode as GB 18030, but then to a lone Han character among Latin letters.
    return encoding == "utf-8-sig" or len(re.findall(r"[\u4e00-\u9fff]{2}", text)) > 0
