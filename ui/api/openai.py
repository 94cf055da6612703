"""The OpenAI protocol: any client of it can ask the chatbot, and finds the sources in an extra field."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Literal
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.sse import format_sse_event

from chatbot.app import Chat
from chatbot.errors import EngineFailed
from chatbot.turn.events import Done, Event, Failed, Sources, Text, Turn
from chatbot.turn.message import Message
from ui.api import sse
from ui.api.leaving import stopping_when_gone, to_the_end
from ui.api.models import Source
from ui.api.openai_models import (
    ALIAS,
    Answer,
    Choice,
    Chunk,
    ChunkChoice,
    Completion,
    CompletionRequest,
    Delta,
    ModelCard,
    ModelList,
    Usage,
)
from ui.api.problem import problem, response, responses
from ui.reply import Reply

_WORD = re.compile(r"[\u3400-\u9fff]|\w+|[^\w\s]")


def router(chat: Chat, ping: float = sse.PING) -> APIRouter:
    """The routes under /v1; `ping` is in seconds of silence."""
    routes = APIRouter(prefix="/v1", tags=["OpenAI protocol"])

    @routes.get("/models", summary="The models that can be asked")
    async def models() -> ModelList:
        return ModelList(data=[ModelCard(id=ALIAS), ModelCard(id=chat.engine.model)])

    @routes.post(
        "/chat/completions",
        summary="Answer the last message",
        response_model=Completion,
        responses=responses(400, 404, 413, 503),
    )
    async def complete(asked: CompletionRequest, request: Request) -> Response | Completion:
        if asked.model not in (ALIAS, chat.engine.model):
            message = f"There is no model {asked.model!r}; use {ALIAS!r}."
            return response(message, "model_not_found", 404, "model")
        if asked.messages[-1].role != "user":
            return response("The last message must be the user's.", "invalid_request", 400, "messages")
        conversation = await asyncio.to_thread(chat.new_conversation, "openai")
        question, history = asked.messages[-1].text, _history(asked)
        reply = Reply(chat.reply(conversation, question, history=history))
        events = to_the_end(reply)
        async with stopping_when_gone(request, reply):
            if not asked.stream:
                return await _whole(events, asked)
            first = await anext(events)  # a bad request is told here, while there can still be a status
        return sse.ReplyStream(_chunks(first, events, asked), reply, ping)

    return routes


def _history(asked: CompletionRequest) -> list[Message]:
    """What was said before the question. The policy is the shop's: system messages have no say."""
    said = asked.messages[:-1]
    return [Message("user" if m.role == "user" else "assistant", m.text) for m in said if m.role in _SPEAKERS]


_SPEAKERS = ("user", "assistant")


async def _whole(events: AsyncIterator[Event], asked: CompletionRequest) -> Response | Completion:
    *_, last = [event async for event in events]
    if isinstance(last, Done):
        return _completion(last.turn, asked)
    assert isinstance(last, Failed)
    return response(last.message, last.code, EngineFailed.status)


def _completion(turn: Turn, asked: CompletionRequest) -> Completion:
    return Completion(
        id=f"chatcmpl-{turn.id}",
        created=int(time.time()),
        model=turn.model or ALIAS,
        choices=[Choice(message=Answer(content=turn.answer))],
        usage=_usage(asked, turn.answer),
        sources=_sources(turn),
    )


async def _chunks(
    first: Event, events: AsyncIterator[Event], asked: CompletionRequest
) -> AsyncIterator[bytes]:
    """Chunks as OpenAI streams them: the role, the pieces, the end with its sources, usage if asked, [DONE].

    The candidate passages are not sent: only the end knows which of them the answer cites.
    """
    head = Chunk(
        id=f"chatcmpl-{uuid4().hex}",
        created=int(time.time()),
        model=first.model if isinstance(first, Sources) else ALIAS,
        object="chat.completion.chunk",
        choices=[],
    )
    yield _wire(head, choices=_choice(Delta(role="assistant", content="")))
    event: Event | None = first
    while event is not None:
        match event:
            case Text():
                yield _wire(head, choices=_choice(Delta(content=event.piece)))
            case Done():
                yield _wire(head, choices=_choice(Delta(), "stop"), sources=_sources(event.turn))
                if asked.stream_options and asked.stream_options.include_usage:
                    yield _wire(head, usage=_usage(asked, event.turn.answer))
            case Failed():
                told = problem(event.message, event.code, status=EngineFailed.status)
                yield sse.event(told.model_dump())
                return
        event = await anext(events, None)
    yield format_sse_event(data_str="[DONE]")


def _wire(head: Chunk, **more: object) -> bytes:
    """The head with what this chunk has besides, as one event."""
    return sse.event(head.model_copy(update=more).model_dump(exclude_unset=True))


def _choice(delta: Delta, finish: Literal["stop"] | None = None) -> list[ChunkChoice]:
    return [ChunkChoice(index=0, delta=delta, finish_reason=finish)]


def _sources(turn: Turn) -> list[Source]:
    return [Source.of(citation) for citation in turn.citations]


def _usage(asked: CompletionRequest, answer: str) -> Usage:
    prompt = sum(len(_WORD.findall(message.text)) for message in asked.messages)
    written = len(_WORD.findall(answer))
    return Usage(prompt_tokens=prompt, completion_tokens=written, total_tokens=prompt + written)
