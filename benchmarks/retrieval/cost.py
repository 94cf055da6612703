"""Measure what an index of 1,000 to 1,000,000 made-up passages costs, and draw it."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.retrieval import synthetic
from retrieval.search.ranking import best
from retrieval.store.content import Content, Record
from retrieval.vectors.faiss_index import Dense, write_dense
from retrieval.words.lexical import Lexical, query_words

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
QUESTIONS = 100


def main() -> None:
    """Print one line of JSON for each size and write the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--plot", type=Path, help="write this PNG")
    arguments = parser.parse_args()
    rows = []
    for size in arguments.sizes:
        with multiprocessing.get_context("spawn").Pool(1) as fresh:  # so that each has its own peak of memory
            rows.append(fresh.apply(measure, (size,)))
        print(json.dumps(rows[-1]), flush=True)
    if arguments.plot:
        plot(rows, arguments.plot)


def measure(size: int) -> dict[str, Any]:
    """Build, open and search an index of one size; seconds, milliseconds, megabytes."""
    row: dict[str, Any] = {"passages": size}
    languages = ["en"] * size
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        vectors = synthetic.vectors(size)
        row["graph_s"] = _spent(lambda: write_dense(folder / "dense", vectors, languages))
        row["dense_peak_mb"] = _peak()
        np.save(folder / "vectors.npy", vectors)
        passages = synthetic.passages(size)
        records = [Record(passage.article, "made.jsonl", "", "", 1) for passage in passages]
        Content(records, passages, vectors[:0]).write(_made(folder / "text"))
        start = time.perf_counter()
        Lexical.build(passages).save(folder / "words")
        row["words_s"] = round(time.perf_counter() - start, 2)
        row["peak_mb"] = _peak()
        row["disk_mb"] = round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6)
        kept = np.load(folder / "vectors.npy", mmap_mode="r")
        start = time.perf_counter()
        dense, lexical = Dense(kept, languages, folder / "dense"), Lexical.load(folder / "words")
        row["open_s"] = round(time.perf_counter() - start, 2)
        row |= _searched(dense, lexical, vectors)
    return row


def plot(rows: list[dict[str, Any]], file: Path) -> None:
    """Draw time to search, time to build and memory over the number of passages."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4))
    sizes = [row["passages"] for row in rows]
    panels = (
        ("milliseconds a search", {"dense_ms": "vectors", "flat_ms": "vectors, exact", "words_ms": "words"}),
        ("seconds to build", {"graph_s": "vectors", "words_s": "words"}),
        ("megabytes", {"peak_mb": "peak while building", "disk_mb": "on disk"}),
    )
    for axis, (title, lines) in zip(axes, panels, strict=True):
        for name, label in lines.items():
            axis.plot(sizes, [max(row[name], 0.01) for row in rows], marker="o", label=label)
        axis.set(xscale="log", yscale="log", xlabel="passages", title=title)
        axis.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def _searched(dense: Dense, lexical: Lexical, vectors: np.ndarray) -> dict[str, float]:
    """Median times of both searches and of exact search, taken in turn, and the recall of the graph."""
    import faiss

    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    queries = synthetic.vectors(QUESTIONS, seed=99)
    words = [query_words(text) for text in synthetic.texts(QUESTIONS, length=8, seed=99)]
    times: dict[str, list[float]] = {"dense_ms": [], "flat_ms": [], "words_ms": []}
    recall = []
    for vector, question in zip(queries, words, strict=True):
        start = time.perf_counter()
        found = dense.nearest(vector, 50)
        times["dense_ms"].append(time.perf_counter() - start)
        start = time.perf_counter()
        exact = flat.search(vector[None, :], 50)[1][0]
        times["flat_ms"].append(time.perf_counter() - start)
        start = time.perf_counter()
        best(lexical.scores(question), 50)
        times["words_ms"].append(time.perf_counter() - start)
        recall.append(len(set(exact[:10].tolist()) & set(found.tolist())) / 10)
    return {name: round(1000 * median(spent), 3) for name, spent in times.items()} | {
        "recall_at_10": round(float(np.mean(recall)), 4)
    }


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _spent(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return round(time.perf_counter() - start, 2)


def _peak() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
