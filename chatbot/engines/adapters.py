"""LoRA adapters that a running vLLM takes and gives back (its documentation, "Dynamically serving LoRA")."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chatbot.engines.vllm_process import VllmProcess
from chatbot.errors import EngineFailed
from chatbot.models.folders import DEFAULT_ADAPTER, MANIFEST, ModelFolder, find_model, read_object

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # those that vLLM can be started for
AT_ONCE = 4  # adapters in one batch: old, new and canary, and the one before that still drains
LOAD_SECONDS = 60.0
# peft can do more than vLLM can serve: the weight decomposition of DoRA, and whole layers beside the adapter.
_NOT_SERVED = ("use_dora", "modules_to_save", "trainable_token_indices", "target_parameters", "use_bdlora")


@dataclass(frozen=True, slots=True)
class Adapter:
    """A version as an adapter on its base; `rank` is one that vLLM knows, no smaller than the adapter's."""

    path: Path
    base: ModelFolder
    rank: int


def adapter_of(model: ModelFolder, home: Path) -> Adapter | None:
    """The adapter of a tuned model, if vLLM can serve it on a base that is in this installation."""
    path = model.path / "adapter"
    if not path.is_dir() and model.name == "default":
        path = DEFAULT_ADAPTER
    config = read_object(path / "adapter_config.json")
    base = find_model(str(read_object(model.path / MANIFEST).get("base", "")), home)
    if not config or not base or config.get("peft_type") != "LORA" or any(map(config.get, _NOT_SERVED)):
        return None
    patterns = config.get("rank_pattern") or {}
    needed = max([int(config.get("r", 0)), *map(int, patterns.values())])
    rank = next((rank for rank in RANKS if rank >= needed), 0)
    return Adapter(path, base, rank) if rank else None


def options(rank: int) -> list[str]:
    """What vLLM has to be started with to take adapters of this rank while it runs."""
    return ["--enable-lora", "--max-loras", str(AT_ONCE), "--max-lora-rank", str(rank)]


def load(process: VllmProcess, name: str, path: Path) -> None:
    """Load an adapter under a name that was never used before: vLLM keeps what it has cached by name.

    Raises EngineFailed with the server's reason.
    """
    process.adapters[name] = path  # first, so that a server that dies now comes back with it
    try:
        _post(process, "load_lora_adapter", {"lora_name": name, "lora_path": str(path.absolute())})
    except EngineFailed:
        del process.adapters[name]
        raise


def unload(process: VllmProcess, name: str) -> None:
    """Give the adapter's memory back. Raises EngineFailed with the server's reason."""
    process.adapters.pop(name, None)
    _post(process, "unload_lora_adapter", {"lora_name": name})


def _post(process: VllmProcess, route: str, body: dict[str, str]) -> None:
    import httpx

    if process.problem:
        raise EngineFailed(process.problem)
    try:
        with httpx.Client(trust_env=False, timeout=LOAD_SECONDS) as client:
            answer = client.post(f"{process.base_url}/{route}", json=body)
    except httpx.HTTPError as error:
        raise EngineFailed(
            f"The model server did not answer {route} ({error!r}); see {process.log}."
        ) from error
    if answer.is_error:
        raise EngineFailed(
            f"The model server refused {route} of {body['lora_name']} ({answer.text.strip()[:300]}); "
            f"see {process.log}."
        )
