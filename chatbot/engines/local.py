"""The model inside this process, with transformers: no server, one generation at a time, stoppable."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from chatbot.engine import ChatMessages, Engine, Generation
from chatbot.engines.cores import share_cores
from chatbot.engines.pieces import Pieces
from chatbot.errors import ChatbotError, EngineFailed, ModelMissing
from chatbot.models.abstention import FirstTokens, first_tokens_of, read_abstention_prior
from chatbot.models.folders import ModelFolder
from chatbot.models.prefix import cache_with, prefix_of, read_prefix
from chatbot.settings import Dtype
from retrieval.embed.processor import best_dtype

# A piece, the likeliest first tokens, the reason why there are no more pieces, or the end.
Item = str | FirstTokens | ChatbotError | None
CLOSED = "The model has been closed; start the chatbot again."


class LocalEngine:
    """Greedy generation on the CPU, or on a GPU when there is one.

    Loading blocks for some seconds: build it in a thread. Generations wait in one queue, first come first
    served, and run in one worker thread: two at a time on the same cores would both take twice as long.
    Raises ModelMissing when the folder holds no model that transformers can load.
    """

    def __init__(self, folder: ModelFolder, dtype: Dtype = "auto") -> None:
        share_cores()
        import torch

        self.model = folder.label
        self.abstention_prior = read_abstention_prior(folder)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.dtype = same_dtype() if dtype == "auto" else dtype
        self._tokenizer, self._network = _load(folder.path, self.dtype, self.device)
        self._ends = _end_tokens(self._tokenizer, self._network)
        prefix = prefix_of(folder.path)
        self._prefix = read_prefix(prefix, self._network) if prefix else []
        read = self._prefix[0][0].shape[2] if self._prefix else 0
        self._context = int(self._network.config.max_position_embeddings) - read
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="generation")
        self._stops: set[threading.Event] = set()
        self._closed = False

    @property
    def generating(self) -> int:
        """How many generations run or wait."""
        return len(self._stops)

    def lease(self, conversation_id: str) -> AbstractContextManager[Engine]:
        """Itself: there is one model."""
        return nullcontext(self)

    async def problem(self) -> str:
        """Empty: a model that has been loaded can answer, until it is closed."""
        return CLOSED if self._closed else ""

    async def stream(
        self, messages: ChatMessages, max_tokens: int = 256, *, first_tokens: bool = False
    ) -> Generation:
        """Pieces of the answer. Closing the iterator stops the worker after the token it is at.

        Raises EngineFailed, at the latest before the first piece when the prompt does not fit the model.
        """
        if self._closed:
            raise EngineFailed(CLOSED)
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[Item] = asyncio.Queue()
        stop = threading.Event()

        def put(item: Item) -> None:
            try:
                loop.call_soon_threadsafe(items.put_nowait, item)
            except RuntimeError:  # the loop has been closed: nobody listens any more
                stop.set()

        self._stops.add(stop)
        work = self._worker.submit(self._work, messages, max_tokens, stop, put, first_tokens)
        try:
            while (item := await items.get()) is not None:
                if isinstance(item, ChatbotError):
                    raise item
                yield item
        finally:
            stop.set()
            if work.cancel():  # it had not begun
                self._stops.discard(stop)

    def stop(self) -> None:
        """End what runs and what waits, from any thread; later generations are refused."""
        self._closed = True
        for stop in list(self._stops):
            stop.set()

    async def disconnect(self) -> None:
        """Nothing is connected."""

    async def aclose(self) -> None:
        """Stop, and let go of the model when the worker has told everybody."""
        self.stop()
        await asyncio.to_thread(self._worker.shutdown, wait=True)
        self._network = None

    def _work(
        self,
        messages: ChatMessages,
        max_tokens: int,
        stop: threading.Event,
        put: Callable[[Item], None],
        first_tokens: bool,
    ) -> None:
        """In the worker thread: every end of a generation, a good or a bad one, is put for the event loop."""
        end: Item = None
        try:
            for piece in self._generate(messages, max_tokens, stop, first_tokens):
                put(piece)
            if self._closed:
                end = EngineFailed(CLOSED)
        except ChatbotError as error:
            end = error
        except Exception as error:
            end = EngineFailed(f"The model stopped with {type(error).__name__} ({error}); ask again.")
        finally:
            self._stops.discard(stop)
            put(end)

    def _generate(
        self, messages: ChatMessages, max_tokens: int, stop: threading.Event, first_tokens: bool
    ) -> Iterator[FirstTokens | str]:
        prompt = self._encode(messages)
        pieces = Pieces(lambda tokens: self._tokenizer.decode(tokens, skip_special_tokens=True))
        longest = min(max_tokens, self._context - len(prompt))
        for token in self.tokens(prompt, longest, stop, first_tokens):
            if isinstance(token, FirstTokens):
                yield token
            elif piece := pieces.add(token):
                yield piece
        if rest := pieces.rest():
            yield rest

    def tokens(
        self, prompt: list[int], max_tokens: int, stop: threading.Event, first_tokens: bool = False
    ) -> Iterator[FirstTokens | int]:
        """The most likely token, again and again, until an end token, `max_tokens`, or `stop`.

        With `first_tokens`, the likeliest ones for the first place come before it.

        The prompt is read once; after that each step feeds one token, with keys and values cached. Only the
        last position is projected onto the vocabulary: with 262,144 words that is most of the work.
        """
        import torch

        cache = cache_with(self._prefix, self._network.config)
        step = torch.tensor([prompt], device=self.device)
        for _ in range(max_tokens):
            if stop.is_set():
                return
            with torch.inference_mode():
                logits = self._network(step, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
            if first_tokens:
                yield first_tokens_of(logits[0, -1], self._tokenizer)
                first_tokens = False
            token = int(logits[0, -1].argmax())
            if token in self._ends:
                return
            yield token
            step = torch.tensor([[token]], device=self.device)

    def _encode(self, messages: ChatMessages) -> list[int]:
        text = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        prompt: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(prompt) >= self._context:
            raise EngineFailed(
                f"The prompt has {len(prompt)} tokens and the model reads {self._context - 1} at most; "
                "ask a shorter question, or ingest the articles in shorter passages."
            )
        return prompt


def same_dtype() -> Dtype:
    """What both engines compute in unless told otherwise, so that they give the same answers.

    On a CPU that is float32: of 12 prompts to the untuned base both engines answered 12 alike, token for
    token, against 9 in bfloat16, where each rounds in its own way.
    """
    import torch

    return best_dtype() if torch.cuda.is_available() else "float32"


def _load(folder: Path, dtype: Dtype, device: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        network: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))
    except (OSError, ValueError) as error:
        raise ModelMissing(
            f"No model could be loaded from {folder} ({str(error).strip().partition(chr(10))[0]}); "
            "name a folder that `chatbot finetune` wrote, or use `--model default`."
        ) from error
    if not tokenizer.chat_template:
        raise ModelMissing(
            f"The model in {folder} has no chat template; choose a chat model, or tune it first."
        )
    return tokenizer, network.to(device).eval()


def _end_tokens(tokenizer: Any, network: Any) -> set[int]:
    """Those of the generation settings (one or several) and the tokenizer's own."""
    ends = network.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    return {int(end) for end in [*ends, tokenizer.eos_token_id] if end is not None}
