"""Compare search with the bare libraries under it, in turn, one question at a time, and print ratios."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.retrieval import synthetic
from retrieval.articles.passage import Passage
from retrieval.embed.load import load_embedder
from retrieval.index import Index
from retrieval.search.ranking import CANDIDATES, best
from retrieval.vectors.faiss_index import BUILD_WIDTH, LINKS, Dense, write_dense
from retrieval.words.lexical import Lexical, query_words

QUESTIONS = 200
Ways = dict[str, Callable[[Any], Any]]


def main() -> None:
    """Print the ratios of search by words, by vectors and as a whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="a folder with the files of BEIR; else made-up text"
    )
    parser.add_argument("--vectors", type=int, default=100_000, help="made-up vectors for the graph")
    parser.add_argument(
        "--index", type=Path, help="measure whole searches of this index, such as .chatbot/index"
    )
    arguments = parser.parse_args()
    passages, questions = _texts(arguments.folder)
    print(f"{len(passages)} passages, {len(questions)} questions, each asked once of each in turn")
    words(passages, questions)
    for size in (10_000, arguments.vectors):
        vectors(size)
    if arguments.index:
        whole(Index.open(arguments.index), questions)


def words(passages: list[Passage], questions: list[str]) -> None:
    """Search by words against bm25s with its own tokenizer, stop words and the same stemmer."""
    import bm25s
    import Stemmer

    ours = Lexical.build(passages)
    stemmer = Stemmer.Stemmer("english")
    raw = bm25s.BM25(method="lucene")
    texts = [f"{passage.context}\n{passage.text}" for passage in passages]
    raw.index(bm25s.tokenize(texts, stemmer=stemmer, show_progress=False), show_progress=False)
    k = min(CANDIDATES, len(passages))

    def bare(question: str) -> object:
        tokens = bm25s.tokenize(question, stemmer=stemmer, show_progress=False, return_ids=False)
        return raw.retrieve(tokens, k=k, show_progress=False)

    spent = in_turn(
        {"ours": lambda question: best(ours.scores(query_words(question)), k), "bm25s": bare}, questions
    )
    print(f"words    ours {_ms(spent['ours'])}, bm25s {_ms(spent['bm25s'])}", end="; ")
    print(f"speed {median(spent['bm25s']) / median(spent['ours']):.2f} x bm25s (bar: at least 0.8)")


def vectors(size: int) -> None:
    """Search by vectors against bare FAISS with an index of the same kind and width, and their recall."""
    import faiss

    rows, asked = synthetic.vectors(size), synthetic.vectors(QUESTIONS, seed=99)
    with tempfile.TemporaryDirectory() as temporary:
        folder, languages = Path(temporary) / "dense", ["en"] * size
        write_dense(folder, rows, languages)
        ours = Dense(rows, languages, folder)
        file = folder / "en.faiss"
        graph = file.exists()
        raw: Any = faiss.read_index(str(file)) if graph else faiss.IndexFlatIP(rows.shape[1])
        if not graph:
            raw.add(rows)
        faiss.omp_set_num_threads(1)
        ways: Ways = {
            "ours": lambda vector: ours.nearest(vector, CANDIDATES),
            "FAISS": lambda vector: raw.search(vector[None, :], CANDIDATES)[1][0],
        }
        spent = in_turn(ways, list(asked))
        exact = faiss.knn(asked, rows, 10, metric=faiss.METRIC_INNER_PRODUCT)[1]
        recall = {
            name: np.mean([len(set(way(v)) & set(e)) / 10 for v, e in zip(asked, exact, strict=True)])
            for name, way in ways.items()
        }
    kind = (
        f"graph of {LINKS} links, built at {BUILD_WIDTH}, searched at {raw.hnsw.efSearch}"
        if graph
        else "exact"
    )
    print(f"vectors  {size} ({kind}): ours {_ms(spent['ours'])}, FAISS {_ms(spent['FAISS'])}", end="; ")
    print(f"time {median(spent['ours']) / median(spent['FAISS']):.2f} x FAISS (bar: at most 1.15)", end="; ")
    print(f"recall@10 {recall['ours']:.4f} (bar: at least .98), FAISS {recall['FAISS']:.4f}")


def whole(index: Index, questions: list[str]) -> None:
    """A whole search against its parts: embedding, search by vectors and search by words."""
    snapshot = index._snapshot
    embedder = load_embedder()  # the model itself, without the memory of an open index
    asked = dict(zip(questions, embedder.encode_questions(questions), strict=True))
    ways: Ways = {
        "whole": lambda question: index.search(question, 5),
        "embed": lambda question: embedder.encode_questions([question]),
        "vectors": lambda question: snapshot.dense.nearest(asked[question], CANDIDATES),
        "words": lambda question: best(snapshot.lexical.scores(query_words(question)), CANDIDATES),
    }
    spent = in_turn(ways, questions)
    parts = sum(median(spent[name]) for name in ("embed", "vectors", "words"))
    print("search   " + ", ".join(f"{name} {_ms(times)}" for name, times in spent.items()), end="; ")
    print(f"whole {median(spent['whole']) / parts:.2f} x the sum of its parts (bar: at most 1.3)")


def in_turn(ways: Ways, questions: Sequence[Any]) -> dict[str, list[float]]:
    """Seconds that each way takes for each question; the ways take turns, the first one too."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for way in ways.values():
        way(questions[0])
    for n, question in enumerate(questions[1:]):
        for name in names[n % len(names) :] + names[: n % len(names)]:
            start = time.perf_counter()
            ways[name](question)
            spent[name].append(time.perf_counter() - start)
    return spent


def _texts(folder: Path | None) -> tuple[list[Passage], list[str]]:
    if folder is None:
        return synthetic.passages(20_000), list(synthetic.texts(QUESTIONS, length=8, seed=99))
    with open(folder / "corpus.jsonl", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    passages = [
        Passage(row["id"], row["id"], row.get("title", ""), "", row["text"], "", "en") for row in rows
    ]
    with open(folder / "queries.jsonl", encoding="utf-8") as file:
        questions = list(dict.fromkeys(json.loads(line)["text"] for line in file))
    return passages, questions[: QUESTIONS + 1]


def _ms(times: Sequence[float]) -> str:
    return f"{1000 * median(times):.3f} ms"


if __name__ == "__main__":
    main()
