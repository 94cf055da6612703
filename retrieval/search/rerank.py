"""Read question and passage together where the search is in doubt about the order, and mix the verdict in."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from retrieval.errors import RerankerUnavailable
from retrieval.store.model_folder import WEIGHTS_FILE, is_folder, read_folder

if TYPE_CHECKING:
    import numpy as np

    from retrieval.embed.e5_network import E5Network

KIND = "reranker"
NONE = "none"
BEST = 10  # candidates that may be read
QUESTION, PASSAGE = 64, 160  # tokens that are read of each
BATCH = 10
HUB_WEIGHT = 0.2  # of a model that nothing was learnt about


class Reranker(Protocol):
    """Anything that judges how well passages answer a question, having read both together."""

    name: str
    weight: float  # of its judgement beside the score of the search

    def judge(self, question: str, passages: Sequence[str]) -> np.ndarray:
        """How surely each passage answers, 0..1, shape (len(passages),)."""
        ...


def in_doubt(scores: np.ndarray, weight: float) -> list[int]:
    """The places, among the first BEST, whose order a judgement of this weight could change.

    `scores` fall. A judgement moves a score by half the weight at most, so a passage further than the weight
    from both neighbours keeps its place and needs not be read.
    """
    gaps = scores[:-1] - scores[1:]
    near = [bool(gap < weight) for gap in gaps[: BEST - 1]]
    return [
        place
        for place in range(min(BEST, len(scores)))
        if (place > 0 and near[place - 1]) or (place < len(near) and near[place])
    ]


def mixed(scores: np.ndarray, judged: np.ndarray, weight: float) -> np.ndarray:
    """The scores with the judgements in them; 0.5 says nothing."""
    return scores + weight * (judged - 0.5)


class CrossE5:
    """E5 with the changes and the head that `chatbot finetune reranker` has learnt.

    It reads `<s> query: question </s> </s> passage: text </s>`. The verdict is a line in the cosine of both
    parts' mean states, which is what E5 knew before, and in three mean states, which is what was learnt.
    """

    def __init__(self, folder: Path) -> None:
        about = read_folder(folder, KIND)
        self.name = f"{folder.name}@{about['version']}"
        self.weight = float(about["weight"])
        self._weights = folder / WEIGHTS_FILE
        self._lock = threading.Lock()
        self._loaded: tuple[E5Network, dict[str, Any]] | None = None

    def judge(self, question: str, passages: Sequence[str]) -> np.ndarray:
        """One forward pass for every ten passages: 0.55 s on one core with bfloat16 when all are long."""
        import numpy as np
        import torch

        if not passages:
            return np.zeros(0, dtype=np.float32)
        with self._lock, torch.inference_mode():
            e5, head = self._load()
            pairs = pair_ids(e5, question, passages)
            logits = [verdicts(e5, head, pairs[i : i + BATCH]) for i in range(0, len(pairs), BATCH)]
            judged: np.ndarray = torch.cat(logits).sigmoid().numpy()
        return judged

    def _load(self) -> tuple[E5Network, dict[str, Any]]:
        if self._loaded is None:
            from safetensors.torch import load_file

            from retrieval.embed.e5_network import E5Network

            tensors = load_file(self._weights)
            head = {name: tensor for name, tensor in tensors.items() if name.startswith("head.")}
            self._loaded = E5Network(deltas=self._weights), head
        return self._loaded


class HubReranker:
    """A cross-encoder of sentence-transformers, named by its hub id or its folder."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder
        from torch import nn

        self.name, self.weight = name, HUB_WEIGHT
        try:
            self._model = CrossEncoder(name, activation_fn=nn.Sigmoid())
        except Exception as error:  # the library raises a dozen kinds, from OSError to its own
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise RerankerUnavailable(
                f'Cannot load the reranker "{name}" ({reason}): give the hub id of a sentence-transformers '
                f'cross-encoder that is reachable or downloaded, a folder, or "{NONE}".'
            ) from error
        self._lock = threading.Lock()

    def judge(self, question: str, passages: Sequence[str]) -> np.ndarray:
        """What the model says, through a sigmoid."""
        import numpy as np

        with self._lock:
            judged = self._model.predict([(question, text) for text in passages], show_progress_bar=False)
        return np.asarray(judged, dtype=np.float32)


def load_reranker(name: str) -> Reranker | None:
    """The reranker of that name: "none", a folder, or a hub id.

    Raises ModelDamaged or RerankerUnavailable.
    """
    if name == NONE:
        return None
    return CrossE5(Path(name)) if is_folder(name) else HubReranker(name)


def pair_ids(e5: E5Network, question: str, passages: Sequence[str]) -> list[tuple[list[int], int]]:
    """The tokens of the question with each passage, and how many of them are the question's."""
    asked, *texts = e5.ids([f"query: {question}", *(f"passage: {text}" for text in passages)])
    asked = _cut(asked, QUESTION)
    return [(asked + asked[-1:] + _cut(text, PASSAGE)[1:], len(asked)) for text in texts]


def verdicts(e5: E5Network, head: dict[str, Any], pairs: Sequence[tuple[list[int], int]]) -> Any:
    """A logit for each pair: a tensor of shape (len(pairs),), with a gradient where one is wanted."""
    import torch

    hidden = e5.hidden([ids for ids, _ in pairs])
    places = torch.arange(hidden.shape[1])[None, :]
    border = torch.tensor([asked for _, asked in pairs])[:, None]
    ends = torch.tensor([len(ids) for ids, _ in pairs])[:, None]
    question = _mean(hidden, places < border)
    passage = _mean(hidden, (places >= border) & (places < ends))
    cosine = torch.nn.functional.cosine_similarity(question, passage)
    states = torch.cat([hidden[:, 0], question, passage], dim=1)
    return head["head.cosine"] * cosine + states @ head["head.states"] + head["head.bias"]


def _mean(hidden: Any, inside: Any) -> Any:
    return (hidden * inside[..., None]).sum(1) / inside.sum(1)[:, None]


def _cut(ids: list[int], longest: int) -> list[int]:
    """At most so many tokens; the last one, </s>, stays."""
    return ids if len(ids) <= longest else ids[: longest - 1] + ids[-1:]
