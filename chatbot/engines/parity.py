"""Does a served model say what its trainer's own generation said? Probes with the exact greedy answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.engine import ChatMessages, Engine, whole_answer
from chatbot.engines.pieces import BROKEN
from chatbot.errors import EngineFailed, ModelMissing
from chatbot.models.folders import DEFAULT_ADAPTER, ModelFolder

FILE = "probes.json"


@dataclass(frozen=True, slots=True)
class Probe:
    """A prompt, how many tokens the trainer's greedy generation made of it, and their text."""

    messages: ChatMessages
    tokens: int
    text: str


def read_probes(model: ModelFolder) -> list[Probe]:
    """The probes that training left in the model's folder; none for a model that was not tuned here.

    Raises ModelMissing when the file is damaged.
    """
    path = model.path / FILE
    if not path.is_file() and model.name == "default":  # built from the adapter that came with the package
        path = DEFAULT_ADAPTER / FILE
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [Probe(row["messages"], len(row["tokens"]), row["text"]) for row in rows]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelMissing(
            f"The probes in {path} cannot be read ({error!r}); tune the model again."
        ) from error


async def difference(engine: Engine, probes: Sequence[Probe]) -> str:
    """Where the engine first says something else than the trainer, in one sentence; "" when nowhere.

    Raises EngineFailed when the engine cannot answer.
    """
    for number, probe in enumerate(probes, start=1):
        said = await whole_answer(engine, probe.messages, probe.tokens)
        # The trainer's last token may be half a character, which an engine does not show.
        if said.rstrip(BROKEN) != probe.text.rstrip(BROKEN):
            return (
                f"probe {number} of {len(probes)} gives {said[:120]!r} "
                f"where training gave {probe.text[:120]!r}"
            )
    return ""


async def check(engine: Engine, model: ModelFolder) -> int:
    """How many probes were reproduced, which is all. Raises EngineFailed naming the first that was not."""
    probes = read_probes(model)
    try:
        found = await difference(engine, probes)
    finally:
        await engine.disconnect()  # it is checked in another event loop than it will serve in
    if found:
        raise EngineFailed(f"{model.label} answers differently once served: {found}.")
    return len(probes)
