"""Put the chat page at / of the web application, with nothing that comes from elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import FastAPI

from chatbot.app import Chat
from chatbot.settings import Settings

_HERE = Path(__file__).parent
FONTS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "sans-serif",
)


def mount_page(app: FastAPI, chat: Chat, settings: Settings) -> FastAPI:
    """Mount the page behind the routes that the app already has."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read while gradio is imported
    import gradio as gr

    from ui.page.page import build

    return gr.mount_gradio_app(
        app,
        build(chat, settings.shop),
        path="/",
        theme=gr.themes.Base(font=FONTS, font_mono=("ui-monospace", "monospace")),
        css_paths=_HERE / "page.css",
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=1,  # nothing can be uploaded here
        ssr_mode=False,
        server_name=settings.host,
        server_port=settings.port,
    )
