"""A data set as a folder: the splits, a card that counts everything (for programs and for people), hashes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from finetune.dataset.example import Example, read, write
from finetune.dataset.split import SPLITS, Split
from finetune.errors import DatasetError

FORMAT = 1
LICENCE = (
    "The conversations are your customers' and your company's: do not publish them or a model tuned on them."
)


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What became of the conversations. `examples` by split, `languages`, `drops` and `redacted` by kind."""

    conversations: int
    examples: dict[str, int]
    unanswerable: dict[str, int]
    languages: dict[str, int]
    sources: dict[str, int]
    drops: dict[str, int]
    redacted: dict[str, int]
    folder: Path = field(default=Path())


def open_dataset(folder: Path) -> dict[Split, list[Example]]:
    """The examples of each split. Raises DatasetError when the folder is incomplete or was changed."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{folder} is not a complete data set: make it again with `chatbot finetune`."
        ) from error
    for name, expected in manifest["files"].items():
        if not (folder / name).is_file() or digest(folder / name) != expected:
            raise DatasetError(f"{folder / name} is missing or was changed: make the data set again.")
    return {split: list(read(folder / f"{split}.jsonl")) for split in SPLITS}


def report_of(
    conversations: int,
    splits: dict[Split, list[Example]],
    drops: Counter[str],
    redacted: Counter[str],
    out: Path,
) -> DatasetReport:
    """Count what became of the conversations."""
    every = [e for split in splits.values() for e in split]
    return DatasetReport(
        conversations,
        {split: len(examples) for split, examples in splits.items()},
        {split: sum(not e.gold for e in examples) for split, examples in splits.items()},
        dict(Counter(e.language for e in every)),
        dict(Counter(e.source for e in every)),
        {reason: n for reason, n in drops.most_common() if n},
        dict(redacted.most_common()),
        out,
    )


def publish_dataset(
    splits: Mapping[Split, Sequence[Example]], report: DatasetReport, about: Mapping[str, Any], out: Path
) -> None:
    """Write beside, the manifest last, then rename into place. `about` goes into the card."""
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    for split in SPLITS:
        write(splits[split], beside / f"{split}.jsonl")
    card = {k: v for k, v in asdict(report).items() if k != "folder"} | {"licence": LICENCE, **about}
    (beside / "card.json").write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    hashes = {file.name: digest(file) for file in sorted(beside.iterdir())}
    (beside / "README.md").write_text(card_page(card, hashes), encoding="utf-8")
    hashes["README.md"] = digest(beside / "README.md")
    manifest = {"kind": "dataset", "format": FORMAT, "files": hashes}
    (beside / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    if out.exists():
        shutil.rmtree(out)
    beside.rename(out)


def card_page(card: Mapping[str, Any], hashes: Mapping[str, str]) -> str:
    """The card as Markdown."""
    examples = [(split, n, card["unanswerable"].get(split, 0)) for split, n in card["examples"].items()]
    sections = [
        "# Data set for fine-tuning",
        f"{sum(n for _, n, _ in examples)} examples of {card['conversations']} conversations, on index "
        f"`{card.get('index', '')}`, seed {card.get('seed', 0)}. No customer is in two parts; the test part "
        "has the latest customers. Personal data is replaced by marks such as `[name-1]`; read the data "
        "before you share it.",
        _table("Parts", ("part", "examples", "without an answer"), examples),
        _table("Languages", ("language", "examples"), card["languages"].items()),
        _table("Where the examples come from", ("source", "examples"), card["sources"].items()),
        _table("Left out", ("why", "how many"), card["drops"].items()),
        _table("Personal data replaced", ("kind", "how many"), card["redacted"].items()),
        _table("Read from", ("file", "bytes", "sha256"), [tuple(f.values()) for f in card.get("files", [])]),
        _table("Files", ("file", "sha256"), hashes.items()),
        f"## Licence\n\n{card['licence']}",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def files_of(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Name, size in bytes and hash of each file that a data set is read from."""
    return [{"name": p.name, "bytes": p.stat().st_size, "sha256": digest(p)} for p in paths]


def check_free(out: Path) -> None:
    """Raise DatasetError when `out` is a folder, or a file, of something else."""
    if out.exists() and not (out / "manifest.json").is_file() and (out.is_file() or any(out.iterdir())):
        raise DatasetError(f"{out} holds something that is not a data set: name another folder.")


def digest(file: Path) -> str:
    """The file's SHA-256, read in blocks: a log may be larger than the memory."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"## {title}", "", f"| {' | '.join(head)} |", "| --- " * len(head) + "|", *lines])
