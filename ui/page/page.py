"""The layout of the chat page and which event calls what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from chatbot.app import Chat
from ui.page import talk
from ui.page.texts import NAMES, TEXTS
from ui.page.visit import Visit

_HERE = Path(__file__).parent
SCRIPT = (_HERE / "transcript.js").read_text(encoding="utf-8")
KEEP = 6 * 3600  # seconds that an idle tab's conversation stays in memory


def build(chat: Chat, shop: str) -> gr.Blocks:
    """The page for this chat; `shop` is the name in its header.

    Whatever a customer, an article or the model wrote goes to the browser as data, and transcript.js puts it
    on the page as text nodes, so none of it can be markup.
    """
    texts = TEXTS["en"]
    with gr.Blocks(title=shop or texts["help"], analytics_enabled=False, fill_width=True) as page:
        visit = gr.State(Visit(), time_to_live=KEEP, delete_callback=_left)
        with gr.Row(elem_id="head"):
            head = gr.HTML(_head(shop, "en"), elem_id="brand")
            language = gr.Radio(
                [(name, code) for code, name in NAMES.items()], value="en", label=texts["language"],
                show_label=False, container=False, elem_id="language", min_width=0, interactive=False,
            )  # fmt: skip
            new = gr.Button(texts["new"], elem_id="new", size="sm", min_width=0)
        transcript = gr.HTML(
            Visit().shown(), html_template='<div class="transcript"></div>', js_on_load=SCRIPT,
            apply_default_css=False, elem_id="transcript",
        )  # fmt: skip
        with gr.Column(elem_id="composer"):
            with gr.Row(elem_id="line"):
                box = gr.Textbox(
                    label=texts["message"], placeholder=texts["placeholder"], show_label=False,
                    container=False, lines=1, max_lines=6, autofocus=True, elem_id="box", scale=1,
                    min_width=0,
                )  # fmt: skip
                send = gr.Button(texts["send"], variant="primary", elem_id="send", scale=0, min_width=0)
                stop = gr.Button(texts["stop"], elem_id="stop", scale=0, min_width=0)
            note = gr.HTML(_note("en"), elem_id="note")

        async def ask(text: str, here: Visit) -> AsyncIterator[list[Any]]:
            clear: Any = ""
            async for _ in talk.ask(chat, here, text):
                yield [here.shown(), clear]
                clear = gr.skip()

        async def ask_this(here: Visit, event: gr.EventData) -> AsyncIterator[dict[str, Any]]:
            async for _ in talk.ask(chat, here, str(event._data.get("text", ""))):
                yield here.shown()

        async def rate(here: Visit, event: gr.EventData) -> dict[str, Any]:
            await talk.rate(chat, here, event._data)
            return here.shown()

        async def halt(here: Visit) -> None:
            here.stop()

        async def restart(here: Visit) -> dict[str, Any]:
            here.restart()
            return here.shown()

        async def speak(code: str, here: Visit) -> list[Any]:
            here.language = "zh" if code == "zh" else "en"
            return _texts(shop, here)

        async def arrive(here: Visit, request: gr.Request) -> list[Any]:
            here.language = talk.preferred(request.headers.get("accept-language", ""))
            choice = gr.update(value=here.language, interactive=True)  # a choice made before would be undone
            return [choice, *_texts(shop, here)]

        worded = [transcript, head, new, box, send, stop, note]
        many: dict[str, Any] = {
            "concurrency_limit": None,
            "show_progress": "hidden",
            "api_visibility": "private",
        }
        quick: dict[str, Any] = {**many, "queue": False}
        page.load(arrive, visit, [language, *worded], **quick)
        language.input(speak, [language, visit], worded, trigger_mode="always_last", **quick)
        gr.on([box.submit, send.click], ask, [box, visit], [transcript, box], **many)
        transcript.ask(ask_this, visit, transcript, **many)
        transcript.rate(rate, visit, transcript, **many)
        stop.click(halt, visit, None, **quick)
        new.click(restart, visit, transcript, **quick)
    return page


def _texts(shop: str, visit: Visit) -> list[Any]:
    """Everything that has words, in the visitor's language."""
    texts = TEXTS[visit.language]
    return [
        visit.shown(),
        _head(shop, visit.language),
        texts["new"],
        gr.update(label=texts["message"], placeholder=texts["placeholder"]),
        texts["send"],
        texts["stop"],
        _note(visit.language),
    ]


def _head(shop: str, language: str) -> str:
    help_word = TEXTS["zh" if language == "zh" else "en"]["help"]
    name = (
        f'<span class="name">{escape(shop)}</span> <span class="help">{help_word}</span>'
        if shop
        else help_word
    )
    return f'<h1 class="shop">{name}</h1>'


def _note(language: str) -> str:
    return f"<p>{TEXTS['zh' if language == 'zh' else 'en']['note']}</p>"


def _left(visit: Visit) -> None:
    """The tab is gone: nobody waits for the answer any more."""
    visit.stop()
