"""What a visitor can do on the page, without a word of how it is drawn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from chatbot.app import Chat
from chatbot.errors import ChatbotError
from chatbot.turn.events import Event
from ui.page.texts import Language
from ui.page.visit import Exchange, Visit
from ui.reply import Reply

COMMENT = 2000  # characters of a comment that are kept


async def ask(chat: Chat, visit: Visit, question: str) -> AsyncIterator[None]:
    """Put a question; yields when there is something new to show. Does nothing while an answer is written."""
    question = question.strip()
    if not question or visit.busy:
        return
    exchange = Exchange(question)
    visit.exchanges.append(exchange)
    reply = visit.reply = Reply(_reply(chat, visit, question))
    try:
        yield
        async for event in reply:
            exchange.take(event)
            if visit.reply is not reply:  # a new conversation has begun meanwhile: the page is no longer ours
                break
            yield
    except ChatbotError as error:
        exchange.state, exchange.problem = "failed", error.code
    finally:
        reply.stop()  # the visitor may have left
        exchange.end()
        ours = visit.reply is reply
        if ours:
            visit.reply = None
    if ours:
        yield


async def _reply(chat: Chat, visit: Visit, question: str) -> AsyncGenerator[Event, None]:
    """The reply in the visit's conversation, which begins with its first question."""
    if not visit.conversation:
        visit.conversation = await asyncio.to_thread(chat.new_conversation, "page", visit.language)
    async with aclosing(chat.reply(visit.conversation, question)) as events:
        async for event in events:
            yield event


async def rate(chat: Chat, visit: Visit, opinion: dict[str, Any]) -> None:
    """Keep what the visitor thinks of an answer; what the browser sends is not trusted to make sense."""
    index, rating, comment = (opinion.get(name) for name in ("index", "rating", "comment"))
    if not isinstance(index, int) or not 0 <= index < len(visit.exchanges) or rating not in (1, -1):
        return
    exchange = visit.exchanges[index]
    if not exchange.turn:
        return
    words = str(comment or "").strip()[:COMMENT]
    await asyncio.to_thread(chat.give_feedback, exchange.turn, rating, words)
    exchange.rating, exchange.commented = int(rating), bool(words)


def preferred(accept_language: str) -> Language:
    """The language of a browser's Accept-Language header (RFC 9110), as far as we speak it."""
    for entry in accept_language.lower().split(","):
        if entry.strip().startswith("zh"):
            return "zh"
        if entry.strip().startswith("en"):
            return "en"
    return "en"
