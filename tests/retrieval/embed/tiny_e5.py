"""A random E5 of one layer in the format of the packaged one, which reads single characters."""

from __future__ import annotations

import struct
from itertools import accumulate
from pathlib import Path

import numpy as np

WIDTH, INNER, POSITIONS = 384, 32, 514
PIECES = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁",
    *"abcdefghijklmnopqrstuvwxyz0123456789?:.,",
    *"退货运费多久怎么",
]


def write_tiny_e5(path: Path, seed: int = 0) -> Path:
    """Write the file and return its path."""
    rng = np.random.default_rng(seed)
    tensors = {name: _drawn(rng, name, shape) for name, shape in _shapes().items()}
    texts = [piece.encode() for piece in PIECES]
    head = b"E5S1" + struct.pack("<i", 1)
    head += struct.pack("<7i", WIDTH, 1, 2, INNER, len(PIECES), POSITIONS, 1) + struct.pack("<fi", 1e-12, 0)
    head += struct.pack("<5i", len(PIECES), 0, 2, 1, 3) + struct.pack("<Q", sum(map(len, texts)))
    head += struct.pack(f"<{len(texts) + 1}I", *accumulate(map(len, texts), initial=0))
    head += struct.pack(f"<{len(texts)}f", *([-1.0] * len(texts))) + b"".join(texts)
    head += struct.pack("<iI", 0, 0) + struct.pack("<i", len(tensors))
    start = len(head) + sum(2 + len(name) + struct.calcsize("<BIQQ") for name in tensors)
    start += -start % 4
    entries, body = b"", b""
    for name, tensor in tensors.items():
        data = tensor.astype("<f4").tobytes()
        entries += struct.pack("<H", len(name)) + name.encode()
        entries += struct.pack("<BIQQ", 0, 0, start + len(body), len(data))
        body += data
    path.write_bytes((head + entries).ljust(start, b"\0") + body)
    return path


def _shapes() -> dict[str, tuple[int, ...]]:
    layer = {"q": (WIDTH, WIDTH), "k": (WIDTH, WIDTH), "v": (WIDTH, WIDTH), "ao": (WIDTH, WIDTH)}
    layer |= {"fi": (INNER, WIDTH), "fo": (WIDTH, INNER)}
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (len(PIECES), WIDTH),
        "emb.pos": (POSITIONS, WIDTH),
        "emb.type": (1, WIDTH),
        "emb.ln.w": (WIDTH,),
        "emb.ln.b": (WIDTH,),
    }
    for name, shape in layer.items():
        shapes |= {f"l0.{name}.w": shape, f"l0.{name}.b": shape[:1]}
    for name in ("aln", "oln"):
        shapes |= {f"l0.{name}.w": (WIDTH,), f"l0.{name}.b": (WIDTH,)}
    return shapes


def _drawn(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if "ln.w" in name:
        return np.ones(shape)
    if name.endswith(".b"):
        return np.zeros(shape)
    return rng.normal(0, 1.0 if name == "emb.word" else 0.08, shape)
