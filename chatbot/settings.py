"""Every setting of an installation: its default, its environment variable, and what it may be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from chatbot.errors import BadSettings

EngineName = Literal["auto", "local", "vllm", "openai"]
Dtype = Literal["auto", "bfloat16", "float32"]


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation. Each field can be set by the variable CHATBOT_<FIELD> or by an argument."""

    home: Path = field(
        default=Path(".chatbot"), metadata={"text": "folder of the index, the database and the models"}
    )
    model: str = field(
        default="published",
        metadata={
            "text": "'published' (else 'default'), 'default', 'base', or a folder written by fine-tuning"
        },
    )
    engine: EngineName = field(
        default="auto", metadata={"text": "who generates: auto, local, vllm or openai"}
    )
    base_url: str = field(
        default="", metadata={"text": "address of an OpenAI-compatible server, ending in /v1 (engine openai)"}
    )
    api_key: str = field(default="", metadata={"text": "key for that server"})
    dtype: Dtype = field(
        default="auto", metadata={"text": "number format of the model: auto, bfloat16 or float32"}
    )
    vllm_python: Path = field(
        default=Path(".venv-vllm/bin/python"),
        metadata={"text": "Python of vLLM's own environment (engine vllm)"},
    )
    max_tokens: int = field(default=256, metadata={"text": "longest answer, in tokens of the model"})
    max_message: int = field(default=2000, metadata={"text": "longest message of a customer, in characters"})
    embedder: str = field(
        default="default",
        metadata={
            "text": "'default' (bilingual, embedded), a folder written by `chatbot finetune retriever`, or a "
            "sentence-transformers id or folder"
        },
    )
    reranker: str = field(
        default="none",
        metadata={
            "text": "reads question and passage together: 'none', a folder written by `chatbot finetune "
            "reranker`, or the id of a sentence-transformers cross-encoder"
        },
    )
    vectors: str = field(
        default="faiss",
        metadata={"text": "who searches the vectors: 'faiss', or the address of a Qdrant server (at ingest)"},
    )
    host: str = field(default="127.0.0.1", metadata={"text": "address the web faces listen on"})
    port: int = field(default=7860, metadata={"text": "port the web faces listen on"})
    shop: str = field(default="", metadata={"text": "name of the shop, shown at the head of the chat page"})

    @property
    def index(self) -> Path:
        """The folder of the passage index."""
        return self.home / "index"

    @property
    def database(self) -> Path:
        """The file of conversations, turns and feedback."""
        return self.home / "chatbot.db"

    def describe(self) -> list[tuple[str, str, str]]:
        """(variable, value in force, what it is) for each setting; the key is not shown."""
        return [
            (_variable(f.name), _shown(f.name, getattr(self, f.name)), f.metadata["text"])
            for f in fields(self)
        ]


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, with `overrides` (None: not given) on top.

    Raises BadSettings, naming the variable, its value, and what is allowed.
    """
    names = {f.name for f in fields(Settings)}
    if unknown := sorted(overrides.keys() - names):
        raise BadSettings(f"There is no setting {unknown[0]!r}; there are {', '.join(sorted(names))}.")
    given = _from_environment(os.environ, names) | {k: v for k, v in overrides.items() if v is not None}
    values: dict[str, Any] = {name: _read(name, value) for name, value in given.items()}
    settings = Settings(**values)
    if settings.engine == "openai" and not settings.base_url:
        raise BadSettings(
            "CHATBOT_ENGINE is 'openai' but CHATBOT_BASE_URL is empty; set it to the server's address, "
            "for example http://127.0.0.1:8000/v1."
        )
    return settings


def _from_environment(environment: Mapping[str, str], names: set[str]) -> dict[str, object]:
    """Variables that are set; an empty one counts as not set, as a line of a .env file may be."""
    values = {name: environment.get(_variable(name), "").strip() for name in names}
    return {name: value for name, value in values.items() if value}


def _read(name: str, value: object) -> object:
    """`value` as the field's type."""
    reader = _READERS.get(name, lambda _name, v: str(v))
    return reader(name, value)


def _one_of(*allowed: str) -> Callable[[str, object], str]:
    def read(name: str, value: object) -> str:
        if value in allowed:
            return str(value)
        raise _bad(name, value, "one of " + ", ".join(allowed))

    return read


def _number(low: int, high: int) -> Callable[[str, object], int]:
    def read(name: str, value: object) -> int:
        try:
            number = int(str(value))
        except ValueError:
            raise _bad(name, value, f"a whole number from {low} to {high}") from None
        if low <= number <= high:
            return number
        raise _bad(name, value, f"a whole number from {low} to {high}")

    return read


def _path(name: str, value: object) -> Path:
    return Path(str(value)).expanduser()


def _url(name: str, value: object) -> str:
    url = str(value).rstrip("/")
    if url.startswith(("http://", "https://")):
        return url
    raise _bad(
        name, value, "an address that begins with http:// or https://, such as http://127.0.0.1:8000/v1"
    )


def _vectors(name: str, value: object) -> str:
    if value == "faiss" or str(value).startswith(("http://", "https://")):
        return str(value).rstrip("/")
    raise _bad(name, value, "faiss or the address of a Qdrant server, such as http://127.0.0.1:6333")


def _not_empty(name: str, value: object) -> str:
    if text := str(value).strip():
        return text
    raise _bad(name, value, "a name")


_READERS: dict[str, Callable[[str, object], object]] = {
    "home": _path,
    "vllm_python": _path,
    "model": _not_empty,
    "host": _not_empty,
    "engine": _one_of(*get_args(EngineName)),
    "dtype": _one_of(*get_args(Dtype)),
    "base_url": _url,
    "max_tokens": _number(1, 4096),
    "max_message": _number(1, 100_000),
    "port": _number(0, 65535),
    "vectors": _vectors,
}


def _variable(name: str) -> str:
    return f"CHATBOT_{name.upper()}"


def _shown(name: str, value: object) -> str:
    return "(set)" if name == "api_key" and value else str(value)


def _bad(name: str, value: object, allowed: str) -> BadSettings:
    return BadSettings(f"{_variable(name)} is {value!r}; it must be {allowed}.")
