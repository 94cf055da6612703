"""`chatbot serve`: the chat page and the REST face."""

from __future__ import annotations

from pathlib import Path

import click

from ui.cli import options


@click.command("serve")
@options.home
@click.option("--host", help="Address to listen on; 0.0.0.0 makes it reachable from other machines.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--shop", help="Name of the shop at the head of the page.")
@options.model
def command(
    home: Path | None, host: str | None, port: int | None, shop: str | None, **model: str | None
) -> None:
    """Serve the chat page at /, the REST face at /api and /v1, and its description at /docs.

    Ctrl-C stops it: answers that are being written are ended and stored, the model's process is stopped.

    \b
    Examples:
      chatbot serve
      chatbot serve --engine vllm --model .chatbot/models/my-shop
      chatbot serve --engine openai --base-url http://127.0.0.1:8000/v1 --model my-model
      chatbot serve --host 0.0.0.0 --port 8080 --shop "My Shop"
    """
    from chatbot.settings import load_settings
    from ui.serve import serve

    settings = load_settings(home=home, host=host, port=port, shop=shop, **model)
    try:
        serve(settings, click.echo)
    except KeyboardInterrupt:
        click.echo("Stopped.")
