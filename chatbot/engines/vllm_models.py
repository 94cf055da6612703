"""Versions on vLLM: an adapter in the running server of its base, else a server of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chatbot.engines import adapters
from chatbot.engines.adapters import Adapter, adapter_of
from chatbot.engines.vllm_engine import VllmEngine
from chatbot.engines.vllm_process import VllmProcess, has_gpu
from chatbot.errors import EngineFailed
from chatbot.models.folders import ModelFolder
from chatbot.settings import Dtype

GPU_SHARE = "0.45"  # of its memory for each server, since two run side by side while one takes over


@dataclass(slots=True)
class _Server:
    """A process, the largest adapter it takes (0: none), and how many engines use it."""

    process: VllmProcess
    rank: int
    users: int = 1


class VllmModels:
    """Makes engines of model folders for one installation, and knows the servers behind them.

    A server of a base is started for the first version that is an adapter on it and stays for the next ones,
    until no engine uses it. A version that is no such adapter gets a server with its merged weights.
    """

    def __init__(self, home: Path, python: Path, dtype: Dtype) -> None:
        self._home = home
        self._python = python
        self._dtype = dtype
        self._lock = threading.Lock()
        self._servers: list[_Server] = []
        self._made = 0  # servers and adapters: no name and no log file is used twice
        self._closed = False

    def ways(self, folder: ModelFolder) -> list[Callable[[], VllmEngine]]:
        """How this version can be served, the cheapest way first; each blocks and may raise EngineFailed.

        A second for an adapter in a running server, a minute for a server of its own.
        """
        adapter = adapter_of(folder, self._home)
        own = partial(self._merged, folder)
        return [partial(self._adapter, folder, adapter), own] if adapter else [own]

    def stop(self) -> None:
        """Stop every server, also one that is starting."""
        with self._lock:
            self._closed = True
            servers = list(self._servers)
        for server in servers:
            server.process.stop()

    def _merged(self, folder: ModelFolder) -> VllmEngine:
        server = self._start(folder, 0)
        return VllmEngine(server.process, release=partial(self._release, server))

    def _adapter(self, folder: ModelFolder, adapter: Adapter) -> VllmEngine:
        server = self._of_base(adapter)
        self._made += 1
        name = f"{folder.path.name}-{folder.version}-{self._made}"
        try:
            adapters.load(server.process, name, adapter.path)
        except BaseException:
            self._release(server)
            raise
        return VllmEngine(server.process, name, folder.label, partial(self._unload, server, name))

    def _of_base(self, adapter: Adapter) -> _Server:
        with self._lock:
            for server in self._servers:
                fits = server.process.folder == adapter.base and server.rank >= adapter.rank
                if fits and not server.process.problem:
                    server.users += 1
                    return server
        return self._start(adapter.base, adapter.rank)

    def _start(self, folder: ModelFolder, rank: int) -> _Server:
        self._made += 1
        log = self._home / ("vllm.log" if self._made == 1 else f"vllm-{self._made}.log")
        options = adapters.options(rank) if rank else []
        if has_gpu():
            options += ["--gpu-memory-utilization", GPU_SHARE]
        server = _Server(VllmProcess(folder, self._python, log, self._dtype, options), rank)
        with self._lock:
            if self._closed:
                raise EngineFailed("The chatbot is being stopped; start it again.")
            self._servers.append(server)
        try:
            server.process.start()
        except BaseException:  # Ctrl-C during the start, too
            self._release(server)
            raise
        return server

    def _unload(self, server: _Server, name: str) -> None:
        try:
            if not server.process.problem:
                adapters.unload(server.process, name)
        finally:
            self._release(server)

    def _release(self, server: _Server) -> None:
        """One engine less; the last one stops the server."""
        with self._lock:
            server.users -= 1
            last = not server.users
            if last:
                self._servers.remove(server)
        if last:
            server.process.stop()
