"""`chatbot config`: every setting, its value, and where that comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from ui.cli import options


@click.command("config")
@options.home
@options.as_json
def command(home: Path | None, as_json: bool) -> None:
    """Show every setting, its value, and where it comes from. Set one with its environment variable.

    \b
    Examples:
      chatbot config
      CHATBOT_PORT=8080 chatbot config --json
    """
    from chatbot.settings import load_settings

    rows = [
        {"setting": name, "value": value, "from": _source(name, home), "meaning": meaning}
        for name, value, meaning in load_settings(home=home).describe()
    ]
    for row in rows:
        if row["setting"] == "CHATBOT_MODEL" and row["value"] == "published":
            row["value"] = f"published ({_published(load_settings(home=home).home)})"
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    names, values = (max(len(row[key]) for row in rows) for key in ("setting", "value"))
    for row in rows:
        click.echo(f"{row['setting']:{names}}  {row['value']:{values}}  {row['from']:11}  {row['meaning']}")


def _published(home: Path) -> str:
    """What `chatbot serve` answers with when no model is set."""
    from chatbot.models.publication import read_publication

    now = read_publication(home)
    current = now.current.folder if now.current else "default"
    return f"{current} + {now.share:.0%} {now.canary.folder}" if now.canary else current


def _source(variable: str, home: Path | None) -> str:
    if variable == "CHATBOT_HOME" and home is not None:
        return "option"
    return "environment" if os.environ.get(variable, "").strip() else "default"
