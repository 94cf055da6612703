"""Put the REST face together around one chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from chatbot.app import Chat
from chatbot.settings import Settings
from ui.api import conversations, docs, openai, problem, state
from ui.api.body_limit import BodyLimit
from ui.api.sse import PING
from ui.reply import stop_all

_ABOUT = """
Ask a support chatbot that answers from your own help articles and cites them.

* **OpenAI protocol** under `/v1`: point any OpenAI client at it; `sources` has the answer's sources.
* **Conversations** under `/api`: the server keeps the history, streams typed events, and takes feedback.
"""


def create_app(chat: Chat, settings: Settings, ping: float = PING) -> FastAPI:
    """The REST face of this chat; when the app goes down it stops the running replies and closes the chat.

    A stream in which nothing has come for `ping` seconds gets a sign of life.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await stop_all()
        await chat.aclose()

    title = f"{settings.shop} support" if settings.shop else "Support chatbot"
    app = FastAPI(
        title=title, version=_version(), description=_ABOUT, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.add_middleware(BodyLimit)
    problem.install(app)
    docs.install(app)
    app.include_router(conversations.router(chat, ping))
    app.include_router(state.router(chat))
    app.include_router(openai.router(chat, ping))
    return app


def _version() -> str:
    try:
        return version("support-chatbot")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
