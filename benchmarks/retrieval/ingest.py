"""Measure passages a second and peak memory of an ingest, and of ingesting the unchanged folder again."""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

from benchmarks.retrieval import synthetic
from retrieval.embed.load import load_embedder
from retrieval.ingest import ingest


def main() -> None:
    """Print both times, their ratio, passages a second and the peak of memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=40, help="of an article")
    parser.add_argument("--embedder", default="default", help="default, a hub id or a folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        docs, home = Path(temporary) / "docs", Path(temporary) / "index"
        docs.mkdir()
        for n, text in enumerate(synthetic.texts(arguments.articles, arguments.words)):
            (docs / f"{n}.md").write_text(f"# {text[:30]}\n\n{text}.\n")
        runs = []
        for name in ("first", "again", "again"):
            with multiprocessing.get_context("spawn").Pool(
                1
            ) as fresh:  # each loads its model, as a command does
                runs.append(fresh.apply(measure, (docs, home, arguments.embedder)))
            seconds, passages, embedded, peak = runs[-1]
            speed = f"{passages / seconds:.0f} passages/s, peak {peak} MB"
            print(f"{name}: {seconds:.1f} s, {passages} passages, {embedded} embedded, {speed}", flush=True)
    ratio = min(run[0] for run in runs[1:]) / runs[0][0]
    print(f"again / first: {ratio:.1%} (bar: under 5 %)")


def measure(docs: Path, home: Path, embedder: str) -> tuple[float, int, int, int]:
    """Seconds, passages in the index, texts embedded, peak memory in megabytes."""
    start = time.perf_counter()
    report = ingest([docs], home, load_embedder(embedder))
    spent = time.perf_counter() - start
    return spent, report.passages, report.embedded, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
