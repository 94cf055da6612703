"""Kill real ingests at random moments and look whether a whole index is always there."""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.store import versions
from tests.retrieval.hashing import HashingEmbedder

ROOT = Path(__file__).resolve().parent.parent
ROWS = 200
# One process does many ingests one after another, so that kills fall into ingests and not into imports.
PROGRAM = """
import sys
from pathlib import Path
from retrieval.ingest import ingest
from tests.killing import write
from tests.retrieval.hashing import HashingEmbedder
docs, home, first = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for n in range(first, first + 1000):
    write(docs, n)
    print(n, flush=True)
    ingest([docs], home, HashingEmbedder())
"""


def write(docs: Path, n: int) -> None:
    """Articles that all name the number n, put in place by one rename."""
    rows = [{"id": f"r{i}", "title": f"Row {i}", "text": f"The lamp {i} of edition{n}."} for i in range(ROWS)]
    new = docs / "rows.jsonl.new"
    new.write_text("\n".join(map(json.dumps, rows)))
    new.rename(docs / "rows.jsonl")


def kill(times: int, seed: int, folder: Path) -> Counter[str]:
    """Kill so many ingests; returns how many left the old version and how many a newer one.

    Raises AssertionError when an index is not whole, mixes two editions, or has lost one it had.
    """
    chance = random.Random(seed)
    docs, home = folder / "docs", folder / "index"
    docs.mkdir()
    write(docs, 0)
    ingest([docs], home, HashingEmbedder())
    ended: Counter[str] = Counter()
    last = edition = 0
    for _ in range(times):
        command = [sys.executable, "-c", PROGRAM, str(docs), str(home), str(last + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
            assert process.stdout is not None
            process.stdout.readline()  # the first ingest begins now
            time.sleep(chance.random())
            process.send_signal(signal.SIGKILL)
            begun = [last + 1, *(int(line) for line in process.stdout.read().split(b"\n")[:-1])]
        now = check(home)
        assert edition <= now <= begun[-1], f"version {now} after {edition}"
        ended["nothing new" if now == edition else "a new version"] += 1
        ended["killed during an ingest" if now < begun[-1] else "killed between two"] += 1
        edition, last = now, begun[-1]
    ingest([docs], home, HashingEmbedder())
    check(home)
    assert len(list((home / "versions").iterdir())) <= versions.KEPT
    return ended


def check(home: Path) -> int:
    """The one edition that all passages of the index are of; the index can be searched."""
    index = Index.open(home, HashingEmbedder())
    assert len(index.passages) == ROWS
    editions = {passage.text.rstrip(".").rpartition("edition")[2] for passage in index.passages}
    assert len(editions) == 1, f"mixed: {editions}"
    assert index.search("lamp 7", k=1)
    return int(editions.pop())


def main() -> None:
    """Kill as often as asked and print what was left each time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ended = kill(arguments.times, arguments.seed, Path(folder))
    print(f"{arguments.times} kills, an index whole and searchable after each: {dict(ended)}")


if __name__ == "__main__":
    main()
