"""`chatbot index`: the versions of the index that are kept, and the way back to one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ui.cli import options


@click.group("index")
def command() -> None:
    """List the versions of the index, or go back to one.

    \b
    Examples:
      chatbot index versions
      chatbot index rollback
      chatbot index rollback 000004
    """


@command.command("versions")
@options.home
@options.as_json
def versions_command(home: Path | None, as_json: bool) -> None:
    """List the versions that are kept, oldest first; the last one is being served.

    \b
    Example:
      chatbot index versions --json
    """
    from chatbot.settings import load_settings
    from retrieval.store import versions

    folder = load_settings(home=home).index
    rows = [_row(folder, name) for name in versions.kept(folder)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        served = "  (current)" if row is rows[-1] else ""
        source = f"  content of {row['content_of']}" if row["content_of"] else ""
        counts = f"{row['articles']} articles, {row['passages']} passages"
        click.echo(f"{row['version']}  {row['created']}  {counts}{source}{served}")


@command.command("rollback")
@click.argument("version", default="")
@options.home
@options.as_json
def rollback_command(version: str, home: Path | None, as_json: bool) -> None:
    """Serve the content of VERSION again (default: the one before); a running server follows by itself.

    The old content gets a new version number, so that you can also go back from going back. The next
    `chatbot ingest` reads the articles as they are then.

    \b
    Examples:
      chatbot index rollback
      chatbot index rollback 000004 --json
    """
    from chatbot.settings import load_settings
    from retrieval.store import versions

    folder = load_settings(home=home).index
    row = _row(folder, versions.rollback(folder, version))
    if as_json:
        click.echo(json.dumps(row, indent=2))
    else:
        click.echo(f"Version {row['version']} has the content of {row['content_of']} and is served now.")


def _row(folder: Path, version: str) -> dict[str, Any]:
    from retrieval.store import versions

    about = versions.manifest(folder, version)
    names = ("version", "created", "articles", "passages", "content_of")
    return {name: about.get(name, "") for name in names}
