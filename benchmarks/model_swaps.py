"""Swap models under streaming conversations and count what customers would notice.

    python -m benchmarks.model_swaps --home .chatbot --engine vllm --swaps 100 --streams 8

Two versions of the default model take turns: its adapter as it is, and the same adapter at two fifths of its
strength. Every customer asks the same few prompts over and over; a reply has to be, word for word, what the
trainer's own generation says with the version that the reply names.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chatbot.engine import ChatMessages, whole_answer
from chatbot.engines.cores import share_cores
from chatbot.engines.pieces import BROKEN
from chatbot.engines.swapping import SwappingEngine
from chatbot.errors import ChatbotError
from chatbot.models import publication
from chatbot.models.folders import DEFAULT_ADAPTER, ModelFolder, merge_adapter, resolve_model
from chatbot.models.publication import Published

WEAKER = 0.4
TOKENS = 12
PROBES = 2
Answers = dict[str, list[str]]  # by label of the version: its answer to each prompt


@dataclass(slots=True)
class Seen:
    """What the customers got; `memory` is MiB of this process and its servers, after each tenth."""

    swaps: int = 0
    replies: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    rolled_back: int = 0
    probes: int = 0
    seconds: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)


async def swap_under_load(
    engine: SwappingEngine,
    home: Path,
    versions: Sequence[ModelFolder],
    prompts: Sequence[ChatMessages],
    answers: Answers,
    streams: int,
    swaps: int,
) -> Seen:
    """Publish the versions in turn while `streams` customers ask; returns when all replies have ended."""
    seen, done = Seen(), asyncio.Event()
    customers = [
        asyncio.create_task(_customer(engine, n, prompts, answers, seen, done)) for n in range(streams)
    ]
    for n in range(1, swaps + 1):
        version = versions[n % len(versions)]
        started = time.monotonic()
        await asyncio.to_thread(publication.publish, home, Published(version.path.name, version.version))
        while engine.model != version.label and not _rolled_back(home):  # noqa: ASYNC110 - set by another thread
            await asyncio.sleep(0.02)
        seen.seconds.append(round(time.monotonic() - started, 2))
        if n % max(1, swaps // 10) == 0:
            seen.memory.append(_memory())
            print(f"{n} swaps, {sum(seen.replies.values())} replies, {seen.memory[-1]} MiB", file=sys.stderr)
    done.set()
    await asyncio.gather(*customers)
    while engine.draining:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    rows = publication.history(home)
    seen.swaps = sum(row["action"] == "serve" for row in rows) - 1
    seen.probes = sum(row.get("probes", 0) for row in rows)
    seen.rolled_back = _rolled_back(home)
    return seen


async def _customer(
    engine: SwappingEngine,
    n: int,
    prompts: Sequence[ChatMessages],
    answers: Answers,
    seen: Seen,
    done: asyncio.Event,
) -> None:
    asked = n
    while not done.is_set():
        prompt = asked % len(prompts)
        asked += 1
        try:
            with engine.lease(f"customer-{n}") as held:
                said = await whole_answer(held, prompts[prompt], TOKENS)
        except ChatbotError as error:
            seen.failed.append(str(error))
            continue
        seen.replies[held.model] = seen.replies.get(held.model, 0) + 1
        if said.rstrip(BROKEN) != answers[held.model][prompt].rstrip(BROKEN):
            seen.mixed.append(f"{held.model}: {said!r} instead of {answers[held.model][prompt]!r}")


def make_versions(home: Path) -> list[ModelFolder]:
    """The default model's adapter, strong and weak, as two versions on the base; takes about a minute."""
    base = resolve_model("base", home)
    versions = []
    for name, strength in (("strong", 1.0), ("weak", WEAKER)):
        adapter = home / f"{name}-adapter"
        shutil.copytree(DEFAULT_ADAPTER, adapter)
        _scale(adapter / "adapter_model.safetensors", strength)
        model = merge_adapter(base.path, adapter, home / "models" / name, {"name": name, "base": base.label})
        shutil.move(adapter, model.path / "adapter")
        versions.append(model)
    return versions


def questions() -> list[ChatMessages]:
    """Short prompts: what is measured is the swap, and 100 of them should take minutes on two cores."""
    asked = [
        "How long does delivery take?",
        "Can I return a lamp?",
        "Where is my parcel?",
        "How do I pay?",
        "Is there a warranty?",
        "运费是多少？",
        "退款多久到账？",
        "可以换货吗？",
    ]
    return [[{"role": "user", "content": question}] for question in asked]


def write_probes(
    versions: Sequence[ModelFolder], prompts: Sequence[ChatMessages]
) -> tuple[list[ChatMessages], Answers]:
    """Let the trainer's generation answer, and leave the first prompts as each version's probes.

    Returns the prompts that the versions answer differently, with the answers: on the others a mixed reply
    would not show.
    """
    from finetune.evaluation.model import greedy

    said = [greedy(version.path, list(prompts), TOKENS, "float32") for version in versions]
    telling = [n for n, texts in enumerate(zip(*said, strict=True)) if len(set(texts)) == len(versions)]
    prompts = [prompts[n] for n in telling]
    answers = {v.label: [texts[n] for n in telling] for v, texts in zip(versions, said, strict=True)}
    for version in versions:
        rows = [
            {"messages": messages, "tokens": [0] * TOKENS, "text": text}
            for messages, text in zip(prompts[:PROBES], answers[version.label], strict=False)
        ]
        (version.path / "probes.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return prompts, answers


def _scale(weights: Path, strength: float) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(weights)
    scaled = {name: t * strength if "lora_B" in name else t for name, t in tensors.items()}
    save_file(scaled, weights, metadata={"format": "pt"})


def _rolled_back(home: Path) -> int:
    return sum(row["action"] == "rollback" for row in publication.history(home))


def _memory() -> int:
    """MiB resident in this process and all below it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    family = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(_resident(pid) for pid in family) // 1024


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def main() -> None:
    """Build the two versions in a folder of their own, start the engine, swap, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, default=Path(".chatbot"), help="where the base model is")
    parser.add_argument("--engine", choices=("local", "vllm"), default="vllm")
    parser.add_argument("--swaps", type=int, default=100)
    parser.add_argument("--streams", type=int, default=8)
    asked = parser.parse_args()
    share_cores()
    from chatbot.engines.choose import open_engine
    from chatbot.settings import load_settings

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        base = resolve_model("base", asked.home)
        (home / "models").mkdir()
        (home / "models" / base.path.name).symlink_to(base.path.absolute())
        versions = make_versions(home)
        prompts, answers = write_probes(versions, questions())
        publication.publish(home, Published(versions[0].path.name, versions[0].version))
        engine = open_engine(load_settings(home=home, engine=asked.engine), follow=True)
        assert isinstance(engine, SwappingEngine)
        seen = asyncio.run(_run(engine, home, versions, prompts, answers, asked.streams, asked.swaps))
    print(json.dumps(asdict(seen) | {"prompts": len(prompts)}, ensure_ascii=False, indent=2))
    raise SystemExit(1 if seen.failed or seen.mixed or seen.rolled_back else 0)


async def _run(engine: SwappingEngine, *given: object) -> Seen:
    try:
        return await swap_under_load(engine, *given)  # type: ignore[arg-type]
    finally:
        await engine.aclose()


if __name__ == "__main__":
    main()
