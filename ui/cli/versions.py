"""Model versions and the gate's outcome in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from chatbot.store.usage import Usage
    from finetune.release.publish import Outcome
    from finetune.release.versions import Version


def show_version(version: Version, used: Usage | None) -> None:
    """What it was made of, its scores, and how customers fared with it."""
    head = click.style(version.folder, bold=True)
    status = click.style(f"  {version.status}", fg="green") if version.status else ""
    click.echo(f"{head}  {version.label.rpartition('@')[2]}{status}  {version.created_at[:16]}")
    if version.base:
        click.echo(f"  from {version.base}, {version.method or 'shipped adapter'}")
    if version.scores:
        scores = "  ".join(f"{name} {value:.3f}" for name, value in version.scores.items())
        click.echo(f"  {version.examples} examples of {version.conversations} conversations")
        click.echo(f"  on {version.held_out} held-out examples: {scores}")
    if used:
        _show_usage(used)


def _show_usage(used: Usage) -> None:
    from chatbot.store.usage import share

    def shown(part: int, whole: int) -> str:
        mean, low, high = share(part, whole)
        return f"{mean:.1%} [{low:.1%}, {high:.1%}]" if whole else "-"

    rated = used.up + used.down
    click.echo(
        f"  {used.turns} answers in {used.conversations} conversations: "
        f"liked {shown(used.up, rated)} of {rated} rated, "
        f"handed over {shown(used.handed_over, used.conversations)}, "
        f"abstained {shown(used.abstained, used.turns)}, failed {shown(used.failed, used.turns)}"
    )


def show_outcome(outcome: Outcome, model: str) -> None:
    """What the gate saw and decided; `model` is the setting that a server here would start with."""
    from chatbot.models.folders import PUBLISHED

    click.echo(f"Against {outcome.against}, mean gain and 95 % interval (above zero is better):")
    for gain in outcome.gains:
        click.echo(f"  {gain}")
    passed = sum(probe.candidate for probe in outcome.probes)
    before = sum(probe.current for probe in outcome.probes)
    click.echo(f"  safety probes passed: {passed} of {len(outcome.probes)} (published model: {before})")
    for reason in outcome.reasons:
        click.echo(f"  NO: {reason}")
    if not outcome.published:
        click.echo(f"{outcome.folder} is not published.")
        return
    share = f" for {outcome.share:.0%} of the conversations" if outcome.share else ""
    click.echo(f"{outcome.folder} is published{share}{', by force' if outcome.forced else ''}.")
    if model != PUBLISHED:
        click.echo(f"CHATBOT_MODEL is {model!r} here: a server with that setting does not follow.")
