"""From the settings to a running engine."""

from __future__ import annotations

from functools import partial
from weakref import WeakSet

from chatbot.engine import Engine
from chatbot.models.folders import PUBLISHED, ModelFolder
from chatbot.settings import EngineName, Settings


def open_engine(settings: Settings, follow: bool = False) -> Engine:
    """The engine that the settings name, ready to answer; blocks for seconds (local) or a minute (vLLM).

    With `follow`, and no model set, it moves by itself to each version that is published.
    Raises ModelMissing or EngineFailed.
    """
    name = choose(settings)
    if name == "openai":
        from chatbot.engines.openai_server import OpenAIEngine

        return OpenAIEngine(settings.base_url, settings.model, settings.api_key)
    following = follow and settings.model == PUBLISHED
    if name == "vllm":
        return _following_vllm(settings) if following else _vllm(settings)
    return _following_local(settings) if following else _local(settings)


def choose(settings: Settings) -> EngineName:
    """What "auto" means here: a named server, vLLM where it is installed beside a GPU, else in-process."""
    if settings.engine != "auto":
        return settings.engine
    if settings.base_url:
        return "openai"
    from chatbot.engines.vllm_process import has_gpu

    return "vllm" if has_gpu() and settings.vllm_python.exists() else "local"


def _local(settings: Settings) -> Engine:
    from chatbot.engines.local import LocalEngine
    from chatbot.models.folders import resolve_model

    return LocalEngine(resolve_model(settings.model, settings.home), settings.dtype)


def _following_local(settings: Settings) -> Engine:
    from chatbot.engines.local import LocalEngine
    from chatbot.engines.swapping import SwappingEngine

    made: WeakSet[LocalEngine] = WeakSet()  # weak: a replaced model has to leave the memory

    def load(folder: ModelFolder) -> Engine:
        engine = LocalEngine(folder, settings.dtype)
        made.add(engine)
        return engine

    def stop() -> None:
        for engine in list(made):
            engine.stop()

    return SwappingEngine(settings.home, lambda folder: [partial(load, folder)], stop)


def _vllm(settings: Settings) -> Engine:
    from chatbot.engines.local import same_dtype
    from chatbot.engines.vllm_engine import VllmEngine
    from chatbot.engines.vllm_process import VllmProcess
    from chatbot.models.folders import resolve_model

    folder = resolve_model(settings.model, settings.home)
    dtype = same_dtype() if settings.dtype == "auto" else settings.dtype
    process = VllmProcess(folder, settings.vllm_python, settings.home / "vllm.log", dtype)
    try:
        process.start()
    except BaseException:  # Ctrl-C during the start, too
        process.stop()
        raise
    return VllmEngine(process)


def _following_vllm(settings: Settings) -> Engine:
    from chatbot.engines.local import same_dtype
    from chatbot.engines.swapping import SwappingEngine
    from chatbot.engines.vllm_models import VllmModels

    dtype = same_dtype() if settings.dtype == "auto" else settings.dtype
    models = VllmModels(settings.home, settings.vllm_python, dtype)
    try:
        return SwappingEngine(settings.home, models.ways, models.stop)
    except BaseException:
        models.stop()
        raise
