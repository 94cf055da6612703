"""Search over REST, and whether the process is alive and ready."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response

from chatbot.app import Chat
from retrieval.explain import explain as explained
from retrieval.search.filters import Filter
from ui.api.models import ExplanationOut, Found, Health, HitOut, Language
from ui.api.problem import responses


def router(chat: Chat) -> APIRouter:
    """The routes /api/search, /healthz and /readyz."""
    routes = APIRouter()

    @routes.get("/api/search", summary="Find passages", responses=responses(503), tags=["search"])
    async def search(
        q: Annotated[str, Query(max_length=2000, description="what to look for", examples=["return a lamp"])],
        k: Annotated[int, Query(ge=1, le=50, description="how many passages at most")] = 5,
        language: Annotated[Language | None, Query(description="only passages in this language")] = None,
        product: Annotated[str, Query(max_length=200, description="only this product")] = "",
        tag: Annotated[list[str] | None, Query(max_length=20, description="only with these tags")] = None,
        explain: Annotated[bool, Query(description="show how the hits were ranked")] = False,
        why: Annotated[str, Query(max_length=500, description="an article that was expected")] = "",
    ) -> Found:
        where = Filter(language=language, product=product, tags=tuple(tag or ()))  # always a customer's
        await asyncio.to_thread(chat.index.refresh)  # what has become internal is not shown once more
        if explain or why:
            told = await asyncio.to_thread(explained, chat.index, q, k, where=where, why=why)
            hits = [reason.hit for reason in told.hits]
        else:
            told = None
            hits = await asyncio.to_thread(chat.index.search, q, k, where=where)
        return Found(
            index_version=chat.index.version,
            hits=[HitOut.of(hit) for hit in hits],
            explanation=ExplanationOut.of(told) if told else None,
        )

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
