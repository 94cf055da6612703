"""The multilingual E5 embedding model as a network of torch, which can be trained and gives every state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.embed.e5 import DIMENSION, E5File
from retrieval.embed.lora import add_deltas
from retrieval.embed.processor import best_dtype

if TYPE_CHECKING:
    import numpy as np

BATCH = 32


class E5Network:
    """The network and its tokenizer. Raises EmbedderUnavailable when the package is missing or damaged.

    `deltas` is a file of low-rank changes (retrieval/embed/lora.py) that are added to the weights.
    """

    def __init__(self, path: Path | None = None, deltas: Path | None = None) -> None:
        import torch

        self._file = E5File(path)
        self._tokenizer = self._file.tokenizer()
        network = network_of(self._file)
        if deltas is not None:
            add_deltas(network, deltas)
        self.network = network.to(getattr(torch, best_dtype()))

    def encode(self, texts: Sequence[str], prefix: str) -> np.ndarray:
        """As E5.encode, by the network as it is now: float32 rows of length one, shape (len(texts), 384)."""
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
        padded = np.full((len(batch), int(lengths.max())), self._file.padding)
        for row, ids in zip(padded, batch, strict=True):
            row[: len(ids)] = ids
        known, where = np.unique(padded, return_inverse=True)
        words = torch.from_numpy(self._file.words(known))
        embedded = words[torch.from_numpy(where.reshape(padded.shape))].to(self.network.dtype)
        mask = torch.arange(padded.shape[1])[None, :] < lengths[:, None]
        return self.network(inputs_embeds=embedded, attention_mask=mask.long()).last_hidden_state.float()


def network_of(file: E5File) -> Any:
    """The network in float32, without its table of words."""
    import torch
    from transformers import BertConfig, BertModel

    width, layers, heads, inner, _, positions, types = file.sizes
    config = BertConfig(
        vocab_size=1, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
        intermediate_size=inner, max_position_embeddings=positions, type_vocab_size=types,
        layer_norm_eps=file.epsilon, pad_token_id=None,
    )  # fmt: skip
    with torch.device("meta"):
        network: Any = BertModel(config, add_pooling_layer=False)
    weights = {name: torch.from_numpy(array) for name, array in file.weights().items()}
    network.load_state_dict(weights, strict=False, assign=True)
    network.embeddings.word_embeddings = torch.nn.Embedding(1, width)
    network.embeddings.position_ids = torch.arange(positions)[None, :]
    network.embeddings.token_type_ids = torch.zeros((1, positions), dtype=torch.long)
    return network.eval()
