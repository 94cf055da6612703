"""Conversations over REST: begin one, send a message, read it back, rate an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from chatbot.app import Chat
from chatbot.errors import EngineFailed
from chatbot.turn.events import Done, Event, Failed, Sources, Text
from ui.api import sse
from ui.api.leaving import stopping_when_gone, to_the_end
from ui.api.models import Answered, Begun, ConversationOut, Correction, NewConversation, Opinion, Question
from ui.api.problem import response, responses
from ui.reply import Reply

_EVENTS = """
`sources` {"sources": [...]}, then `text` {"piece": "..."} many times, then `done` {the turn} or
`failed` {"message": "...", "code": "..."}. With `Accept: application/json` the complete turn alone.
"""


def router(chat: Chat, ping: float = sse.PING) -> APIRouter:
    """The routes under /api about conversations and turns; `ping` is in seconds of silence."""
    routes = APIRouter(prefix="/api", tags=["conversations"])

    @routes.post("/conversations", status_code=201, summary="Begin a conversation")
    async def begin(new: NewConversation) -> Begun:
        return Begun(id=await asyncio.to_thread(chat.new_conversation, "api", new.language))

    @routes.get("/conversations/{id}", summary="A conversation with its turns", responses=responses(404))
    async def read(id: str) -> ConversationOut:
        thread = await asyncio.to_thread(chat.store.thread, id)
        return ConversationOut(
            id=thread.id,
            channel=thread.channel,
            language=thread.language,
            owner=thread.owner,
            turns=[Answered.of(turn) for turn in thread.turns],
        )

    @routes.post(
        "/conversations/{id}/messages",
        summary="Send a message and get the answer",
        description=f"Streams typed events: {_EVENTS}",
        response_model=Answered,
        responses=responses(400, 404, 413, 503)
        | {
            200: {
                "content": {"text/event-stream": {"example": 'event: text\ndata: {"piece": "You can"}\n\n'}}
            }
        },
    )
    async def send(
        id: str,
        question: Question,
        request: Request,
        accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
    ) -> Response:
        reply = Reply(chat.reply(id, question.text))
        events = to_the_end(reply)
        async with stopping_when_gone(request, reply):
            if "application/json" in accept and "text/event-stream" not in accept:
                return await _whole(events)
            first = await anext(events)  # a bad request is told here, while there can still be a status
        return sse.ReplyStream(_typed(first, events), reply, ping)

    @routes.post("/turns/{id}/feedback", status_code=204, summary="Rate an answer", responses=responses(404))
    async def rate(id: str, opinion: Opinion) -> None:
        await asyncio.to_thread(chat.give_feedback, id, opinion.rating, opinion.comment)

    @routes.post(
        "/turns/{id}/correction",
        status_code=204,
        summary="Keep a colleague's answer",
        description="An edit of the bot's answer, or the answer after a hand-over: fine-tuning learns it.",
        responses=responses(400, 404),
    )
    async def correct(id: str, correction: Correction) -> None:
        await asyncio.to_thread(chat.correct, id, correction.text, correction.author)

    return routes


async def _whole(events: AsyncIterator[Event]) -> JSONResponse:
    """The turn when it is complete, or the error it ended with."""
    *_, last = [event async for event in events]
    if isinstance(last, Done):
        return JSONResponse(asdict(last.turn))
    assert isinstance(last, Failed)
    return response(last.message, last.code, EngineFailed.status)


async def _typed(first: Event, events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    yield _wire(first)
    async for event in events:
        yield _wire(event)


def _wire(event: Event) -> bytes:
    match event:
        case Sources():
            return sse.event({"sources": [asdict(c) for c in event.citations]}, "sources")
        case Text():
            return sse.event({"piece": event.piece}, "text")
        case Done():
            return sse.event(asdict(event.turn), "done")
        case Failed():
            return sse.event({"message": event.message, "code": event.code}, "failed")
