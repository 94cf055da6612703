"""Serve the page and the REST face in one process, from the free port to the last turn written."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from chatbot.settings import Settings
from ui.errors import PortTaken

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from chatbot.app import Chat

FLUSH = 0.2  # seconds for stopped replies to write their last event
GRACE = 3  # seconds for everything else that is under way


def build_app(chat: Chat, settings: Settings) -> FastAPI:
    """The REST face with the chat page at /."""
    from ui.api.app import create_app
    from ui.page.mount import mount_page

    return mount_page(create_app(chat, settings), chat, settings)


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Take the port, open the chat, and serve until Ctrl-C or SIGTERM; `say` gets a sentence for people.

    Raises PortTaken before anything is loaded, and whatever opening the chat raises.
    """
    from chatbot.app import build_chat

    with listen(settings.host, settings.port) as taken:
        if settings.engine != "openai" and not (settings.home / "models").is_dir():
            say("Preparing the model (once, about a minute) ...")
        say("Loading the model and the index ...")
        chat = build_chat(settings, follow=True)
        chat.index.search("warm up", 1)  # else the first visitor waits while the embedder is loaded
        address = f"http://{_shown(settings.host)}:{taken.getsockname()[1]}"
        web = server(build_app(chat, settings), lambda: say(f"Ready: {address}"))
        asyncio.run(web.serve(sockets=[taken]))


def listen(host: str, port: int) -> socket.socket:
    """Take the port now: loading a model takes a minute, too long to learn then that it is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen()
    except OSError as error:
        taken.close()
        raise PortTaken(
            f"Cannot listen on {host} port {port} ({error.strerror}); "
            f"stop the other program or type `chatbot serve --port {port + 1 if port < 65535 else 7860}`."
        ) from error
    return taken


def server(app: FastAPI, on_ready: Callable[[], None]) -> uvicorn.Server:
    """A server that calls `on_ready` when it answers, and stops the running replies when it goes down."""
    import uvicorn

    from ui.reply import stop_all

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            on_ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await stop_all()
            await asyncio.sleep(FLUSH)
            for connection in list(self.server_state.connections):
                connection.transport.close()  # open pages hold theirs for good; written events still go out
            await super().shutdown(sockets)

    return Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE))


def _shown(host: str) -> str:
    """The host as a browser on this machine can reach it."""
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
