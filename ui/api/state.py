"""Search over REST, and whether the process is alive and ready."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response

from chatbot.app import Chat
from ui.api.models import Found, Health, HitOut, Language
from ui.api.problem import responses


def router(chat: Chat) -> APIRouter:
    """The routes /api/search, /healthz and /readyz."""
    routes = APIRouter()

    @routes.get("/api/search", summary="Find passages", responses=responses(503), tags=["search"])
    async def search(
        q: Annotated[str, Query(max_length=2000, description="what to look for", examples=["return a lamp"])],
        k: Annotated[int, Query(ge=1, le=50, description="how many passages at most")] = 5,
        language: Annotated[Language | None, Query(description="prefer passages in this language")] = None,
    ) -> Found:
        hits = await asyncio.to_thread(chat.index.search, q, k, language)
        return Found(index_version=chat.index.version, hits=[HitOut.of(hit) for hit in hits])

    @routes.get("/healthz", summary="Is the process alive?", tags=["health"])
    async def alive() -> Health:
        return Health(status="alive")

    @routes.get(
        "/readyz",
        summary="Can it answer now?",
        tags=["health"],
        responses={503: {"model": Health, "description": "It cannot, and `reason` says why"}},
    )
    async def ready(response: Response) -> Health:
        reason = await chat.engine.problem()
        if reason:
            response.status_code = 503
        return Health(status="not ready" if reason else "ready", model=chat.engine.model, reason=reason)

    return routes
