"""Measure search by words, by meaning and by both on folders with the files of BEIR."""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.embed import Embedder, load_embedder
from retrieval.index import Index
from retrieval.ingest import ingest

DEPTH = 10
MODES: dict[str, float | None] = {"lexical": 1.0, "dense": 0.0, "fused": None}


class Remembered:
    """An embedder that has embedded the questions beforehand, all together, so that each is embedded once."""

    def __init__(self, embedder: Embedder, texts: list[str]) -> None:
        self.name, self.dimension = embedder.name, embedder.dimension
        self.likeness = embedder.likeness
        start = time.perf_counter()
        self._vectors = dict(zip(texts, embedder.encode_questions(texts), strict=True))
        self.milliseconds = 1000 * (time.perf_counter() - start) / max(1, len(texts))

    def encode_questions(self, texts: Sequence[str]) -> np.ndarray:
        """Return the remembered vectors of these texts."""
        return np.stack([self._vectors[text] for text in texts])


def main() -> None:
    """Print one table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders in the layout of BEIR")
    parser.add_argument("--embedder", default="default", help="default, a hub id or a folder")
    parser.add_argument("--limit", type=int, default=1000, help="use at most this many queries")
    parser.add_argument("--index", type=Path, help="keep the indexes in this folder and use them again")
    parser.add_argument("--share", type=float, help="share of the words in the fused score")
    arguments = parser.parse_args()
    modes = {**MODES, "fused": arguments.share}
    embedder = load_embedder(arguments.embedder)
    with tempfile.TemporaryDirectory() as temporary:
        for folder in arguments.folders:
            place = (arguments.index or Path(temporary)) / folder.name
            start = time.perf_counter()
            report = ingest([folder / "corpus.jsonl"], place, embedder)
            spent = time.perf_counter() - start
            print(f"\n{folder.name}: {report.passages} passages, {report.embedded} embedded in {spent:.0f} s")
            queries, relevant = _questions(folder, arguments.limit)
            remembered = Remembered(embedder, list(queries.values()))
            print(f"embedding one of {len(queries)} questions: {remembered.milliseconds:.1f} ms")
            measure(Index.open(place, remembered), queries, relevant, modes)


def measure(
    index: Index,
    queries: dict[str, str],
    relevant: dict[str, dict[str, float]],
    modes: dict[str, float | None],
) -> None:
    """Print nDCG@10, Recall@5, hit@1 and the time of a search without embedding, for each way."""
    print(f"{'':17} nDCG@10  Recall@5   hit@1  ms/search")
    for mode, share in modes.items():
        found: dict[str, list[str]] = {}
        start = time.perf_counter()
        for name, text in queries.items():
            hits = index.search(text, 3 * DEPTH, share=share)
            found[name] = list(dict.fromkeys(hit.passage.article for hit in hits))[:DEPTH]
        spent = (time.perf_counter() - start) / len(queries)
        scores = [_scores(found[name], relevant[name]) for name in queries]
        ndcg, recall, first = (sum(column) / len(scores) for column in zip(*scores, strict=True))
        print(f"{mode:17} {ndcg:7.4f}   {recall:7.4f} {first:7.4f}   {1000 * spent:7.1f}", flush=True)


def _scores(found: list[str], relevant: dict[str, float]) -> tuple[float, float, float]:
    gains = [relevant.get(article, 0.0) for article in found]
    ideal = _discounted(sorted(relevant.values(), reverse=True)[:DEPTH])
    recall = sum(gain > 0 for gain in gains[:5]) / len(relevant)
    return _discounted(gains) / ideal, recall, float(bool(gains) and gains[0] > 0)


def _discounted(gains: list[float]) -> float:
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))


def _questions(folder: Path, limit: int) -> tuple[dict[str, str], dict[str, dict[str, float]]]:
    relevant: dict[str, dict[str, float]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, article, grade = line.split("\t")
        if float(grade) > 0:
            relevant[query][article] = float(grade)
    with open(folder / "queries.jsonl", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = [json.loads(line) for line in file]
    queries = {row["id"]: row["text"] for row in rows if row["id"] in relevant}
    return dict(list(queries.items())[:limit]), relevant


if __name__ == "__main__":
    main()
