"""The in-process engine: the tokens of transformers' own generate, in whole pieces, and it really stops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from chatbot.engines.local import LocalEngine
from chatbot.errors import EngineFailed, ModelMissing
from chatbot.models.abstention import FirstTokens
from chatbot.models.folders import ModelFolder
from tests.tiny import tiny_model

QUESTION = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": "Where is my parcel? 你好"},
]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """A test that waits for ever fails after a minute instead."""
    return asyncio.run(asyncio.wait_for(work, 60))


async def collect(engine: LocalEngine, messages=QUESTION, max_tokens: int = 40) -> list[str]:
    return [piece async for piece in engine.stream(messages, max_tokens)]


async def until(condition) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for happens in another thread
        await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def engine(tiny: ModelFolder) -> LocalEngine:
    return LocalEngine(tiny, dtype="float32")


class Brake:
    """Slows an engine down to one token each time the test lets one pass."""

    def __init__(self, engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given = 0
        self.passes = threading.Semaphore(0)
        free = engine.tokens

        def tokens(prompt, max_tokens, stop, tell):
            for token in free(prompt, max_tokens, stop, tell):
                self.passes.acquire(timeout=30)
                self.given += 1
                yield token

        monkeypatch.setattr(engine, "tokens", tokens)


def generated(folder: ModelFolder, messages: list[dict[str, str]], count: int) -> list[int]:
    """The answer of transformers' own greedy search."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder.path)
    network = AutoModelForCausalLM.from_pretrained(folder.path, dtype="float32")
    prompt = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    whole = network.generate(**prompt, max_new_tokens=count, do_sample=False)[
        0, prompt["input_ids"].shape[1] :
    ]
    return [token for token in whole.tolist() if token != tokenizer.eos_token_id]


def test_same_tokens_as_generate(engine: LocalEngine, tiny: ModelFolder) -> None:
    ours = list(engine.tokens(engine._encode(QUESTION), 40, threading.Event()))
    assert ours == generated(tiny, QUESTION, 40)


def test_prompt_is_the_template_and_nothing_more(engine: LocalEngine, tiny: ModelFolder) -> None:
    prompt = engine._encode(QUESTION)
    expected = "<bos>Be short.\n\nCustomer: Where is my parcel? 你好\nAgent:\n"
    assert engine._tokenizer.decode(prompt) == expected


def test_pieces_are_the_answer(engine: LocalEngine) -> None:
    tokens = list(engine.tokens(engine._encode(QUESTION), 40, threading.Event()))
    answer = engine._tokenizer.decode(tokens, skip_special_tokens=True)
    assert "".join(run(collect(engine))).rstrip("\ufffd") == answer.rstrip("\ufffd")


def test_the_first_tokens_are_told_before_the_first_piece(engine: LocalEngine) -> None:
    happened: list[object] = []

    async def listen() -> None:
        async for event in engine.stream(QUESTION, 5, first_tokens=True):
            happened.append(event)

    run(listen())
    first_tokens, *pieces = happened
    assert isinstance(first_tokens, FirstTokens)
    assert all(isinstance(piece, str) for piece in pieces)
    told = first_tokens.probabilities
    assert 0 < sum(told.values()) <= 1.001
    first = engine._tokenizer.decode(list(engine.tokens(engine._encode(QUESTION), 1, threading.Event())))
    assert told[first] == max(told.values())


def test_no_more_than_max_tokens(engine: LocalEngine) -> None:
    assert len("".join(run(collect(engine, max_tokens=3)))) <= 3


def test_closing_the_iterator_stops_the_thread(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    brake = Brake(engine, monkeypatch)

    async def leave() -> None:
        stream = engine.stream(QUESTION, 400)
        brake.passes.release(20)
        await anext(stream)
        await stream.aclose()
        brake.passes.release(400)
        await until(lambda: engine.generating == 0)

    run(leave())
    assert brake.given < 25


def test_cancelling_the_task_stops_the_thread(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    brake = Brake(engine, monkeypatch)

    async def leave() -> None:
        task = asyncio.create_task(collect(engine, max_tokens=400))
        brake.passes.release(5)
        await until(lambda: brake.given == 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        brake.passes.release(400)
        await until(lambda: engine.generating == 0)

    run(leave())
    assert brake.given < 10


def test_first_come_first_served(engine: LocalEngine) -> None:
    order: list[int] = []

    async def ask(n: int) -> None:
        await collect(engine, max_tokens=5)
        order.append(n)

    async def many() -> None:
        await asyncio.gather(*(ask(n) for n in range(8)))

    run(many())
    assert order == list(range(8))


def test_one_that_left_the_queue_is_never_generated(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    brake = Brake(engine, monkeypatch)

    async def many() -> None:
        first = asyncio.create_task(collect(engine, max_tokens=3))
        second = asyncio.create_task(collect(engine, max_tokens=3))
        await until(lambda: engine.generating == 2)
        second.cancel()
        await asyncio.sleep(0)
        brake.passes.release(100)
        await first
        await until(lambda: engine.generating == 0)

    run(many())
    assert brake.given <= 3


def test_the_loop_stays_free_while_the_model_works(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    brake = Brake(engine, monkeypatch)

    async def both() -> None:
        answer = asyncio.create_task(collect(engine, max_tokens=3))
        await until(lambda: engine.generating == 1)
        await asyncio.sleep(0.05)
        assert not answer.done()
        brake.passes.release(100)
        await answer

    run(both())


def test_a_prompt_that_does_not_fit_says_so(tmp_path: Path) -> None:
    small = LocalEngine(tiny_model(tmp_path / "small", context=32), dtype="float32")
    with pytest.raises(EngineFailed, match="reads 31 at most"):
        run(collect(small))


def test_an_answer_ends_where_the_context_ends(tmp_path: Path) -> None:
    small = LocalEngine(tiny_model(tmp_path / "small", context=64), dtype="float32")
    prompt = small._encode(QUESTION[1:])
    assert len("".join(run(collect(small, QUESTION[1:], max_tokens=1000)))) <= 64 - len(prompt)


def test_a_crash_in_the_thread_is_an_engine_error(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tokens(prompt, max_tokens, stop, tell):
        yield 40
        raise RuntimeError("out of memory")

    monkeypatch.setattr(engine, "tokens", tokens)
    with pytest.raises(EngineFailed, match="out of memory"):
        run(collect(engine))
    monkeypatch.undo()
    assert run(collect(engine)), "and the next customer is served"


def test_closing_ends_running_and_waiting_generations(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = LocalEngine(tiny, dtype="float32")
    brake = Brake(engine, monkeypatch)

    async def close() -> list[object]:
        answers = [asyncio.create_task(collect(engine, max_tokens=300)) for _ in range(3)]
        await until(lambda: engine.generating == 3)
        brake.passes.release(1000)
        await engine.aclose()
        return await asyncio.gather(*answers, return_exceptions=True)

    assert all(isinstance(end, EngineFailed) for end in run(close()))
    assert "closed" in run(engine.problem())
    assert not [
        t for t in threading.enumerate() if t.name.startswith("generation") and t in engine._worker._threads
    ]


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="No model could be loaded"):
        LocalEngine(ModelFolder(tmp_path, "nothing", "0"))


def test_end_tokens_end_the_answer(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = engine._encode(QUESTION)
    tokens = list(engine.tokens(prompt, 10, threading.Event()))
    monkeypatch.setattr(engine, "_ends", {tokens[4]})
    assert list(engine.tokens(prompt, 10, threading.Event())) == tokens[: tokens.index(tokens[4])]


@pytest.mark.slow
def test_the_packaged_model_answers_like_generate(base: ModelFolder) -> None:
    """Float32, in which one token and many at a time give the same numbers; past the window of 512 tokens."""
    engine = LocalEngine(base, "float32")
    assert engine.model == f"gemma3-270m@{base.version}"
    messages = [{"role": "system", "content": "Refunds take five days. " * 100}, *QUESTION]
    whole = generated(base, messages, 12)
    assert list(engine.tokens(engine._encode(messages), 12, threading.Event())) == whole
