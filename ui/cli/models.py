"""`chatbot models`: the model versions, which one is published, and how to change that."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ui.cli import options
from ui.cli.versions import show_outcome, show_version


@click.group("models", invoke_without_command=True)
@options.home
@options.as_json
@click.pass_context
def command(context: click.Context, home: Path | None, as_json: bool) -> None:
    """List the model versions, with what they were made of, their scores, and how customers fared.

    The subcommands publish a version, take a publication back, and compare versions.

    \b
    Examples:
      chatbot models
      chatbot models publish support-20250301-101500
      chatbot models publish support-20250301-101500 --share 0.1
      chatbot models rollback
      chatbot models diff default-3bcf233fa08c support-20250301-101500
      chatbot models history --json
    """
    if context.invoked_subcommand:
        return
    from chatbot.settings import load_settings
    from chatbot.store.sqlite import read_usage
    from finetune.release.versions import versions

    settings = load_settings(home=home)
    used = read_usage(settings.database)
    found = versions(settings.home)
    if as_json:
        rows = [asdict(v) | {"usage": asdict(used[v.label]) if v.label in used else None} for v in found]
        _print_json(rows)
        return
    for version in found:
        show_version(version, used.get(version.label))
    if not found:
        click.echo("No model yet; `chatbot serve` builds the default one, `chatbot finetune` makes others.")
    elif not any(version.status == "published" for version in found):
        click.echo("Nothing is published: `chatbot serve` uses the default model.")


@command.command("publish")
@click.argument("name")
@options.home
@click.option(
    "--force", is_flag=True, help="Publish even if the gate says no; the history keeps its reasons."
)
@click.option("--reason", default="", help="A sentence for the history.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=None,
    help="Send this share of the conversations to it first, such as 0.1.",
)
@click.option(
    "--questions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also ask these questions through the whole turn, as `chatbot evaluate` does.",
)
@click.option("--measure", default="rouge_l", show_default=True, help="What has to get better.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.05,
    show_default=True,
    help="How far the mean of any measure may get worse.",
)
@options.as_json
def publish(
    name: str,
    home: Path | None,
    as_json: bool,
    measure: str,
    tolerance: float,
    share: float | None,
    **how: Any,
) -> None:
    """Publish the version NAME if it is better than the published one, and worse nowhere.

    A running `chatbot serve` moves to it by itself, without breaking off a reply. Exit code 1: refused.

    \b
    Examples:
      chatbot models publish my-shop
      chatbot models publish my-shop --questions questions.jsonl --measure facts_stated
      chatbot models publish my-shop --force --reason "new articles, old questions"
    """
    from chatbot.settings import load_settings
    from finetune.release import publish as publishing
    from finetune.release.gate import Rules

    settings = load_settings(home=home)
    outcome = publishing.publish(
        name, settings=settings, rules=Rules(measure, tolerance), share=share or 0.0, say=_say, **how
    )
    if as_json:
        _print_json(asdict(outcome))
    else:
        show_outcome(outcome, settings.model)
    if not outcome.published:
        raise SystemExit(1)


@command.command("rollback")
@options.home
@click.option("--reason", default="", help="A sentence for the history.")
@options.as_json
def rollback(home: Path | None, reason: str, as_json: bool) -> None:
    """Take the last publication back: a canary ends, else the version before is published again.

    \b
    Examples:
      chatbot models rollback
      chatbot models rollback --reason "complaints about delivery times"
    """
    from chatbot.models import publication
    from chatbot.settings import load_settings

    now = publication.rollback(load_settings(home=home).home, reason=reason)
    if as_json:
        _print_json(asdict(now))
        return
    click.echo(f"Published now: {now.current.folder if now.current else 'the default model'}.")


@command.command("diff")
@click.argument("a")
@click.argument("b")
@options.home
@options.as_json
def diff(a: str, b: str, home: Path | None, as_json: bool) -> None:
    """What is not the same in the versions A and B: base, recipe, data, scores.

    \b
    Examples:
      chatbot models diff support-20250201-090000 support-20250301-101500
    """
    from chatbot.settings import load_settings
    from finetune.release.versions import difference, find_version

    folder = load_settings(home=home).home
    found = difference(find_version(a, folder), find_version(b, folder))
    if as_json:
        _print_json(found)
        return
    click.echo(f"{found['versions'][0]} -> {found['versions'][1]}")
    for part in ("base", "recipe", "data"):
        for name, (before, after) in found[part].items():
            click.echo(f"  {part:8}{name:16} {before} -> {after}")
    for measure, row in found["scores"].items():
        change = row["difference"]
        click.echo(
            f"  score   {measure:16} {row['base']['mean']:.3f} -> {row['tuned']['mean']:.3f}, "
            f"difference {change['mean']:+.3f} [{change['low']:+.3f}, {change['high']:+.3f}]"
        )
    if not found["scores"]:
        click.echo(
            "  score   They share no held-out examples; each on its own: {} / {}".format(*found["own_scores"])
        )


@command.command("export")
@click.argument("name")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write; a new one.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["merged", "int8"]),
    default="merged",
    show_default=True,
    help="One bfloat16 model, or 8-bit weights for vLLM on a CPU or GPU.",
)
@options.home
@options.as_json
def export(name: str, out: Path, form: Any, home: Path | None, as_json: bool) -> None:
    """Write the version NAME to a folder that vLLM and transformers load, without this program.

    The layers of an int8 model take half the memory; its manifest.json says what that costs: the perplexity
    of the version's held-out answers before and after.

    \b
    Examples:
      chatbot models export my-shop --out /tmp/my-shop
      chatbot models export my-shop --format int8 --out /tmp/my-shop-int8
    """
    from chatbot.settings import load_settings
    from finetune.release import export as exporting

    manifest = exporting.export(name, out, form, settings=load_settings(home=home), say=_say)
    if as_json:
        _print_json(manifest)
        return
    click.echo(f"{manifest['name']}@{manifest['version']}: {manifest['bytes'] / 1e6:.0f} MB in {out}")
    if quality := manifest.get("quality"):
        change = quality["loss_change"]
        click.echo(
            f"Perplexity on {quality['held_out']} held-out answers: {quality['perplexity_before']:.3f} -> "
            f"{quality['perplexity']:.3f}; loss {change['mean']:+.4f} "
            f"[{change['low']:+.4f}, {change['high']:+.4f}]"
        )
    click.echo(f"Serve it: vllm serve {out}, or chatbot serve --model {out}")


@command.command("history")
@options.home
@options.as_json
def history(home: Path | None, as_json: bool) -> None:
    """Every publication, refusal, rollback and swap, oldest first: when, who, what, why.

    \b
    Examples:
      chatbot models history
    """
    from chatbot.models.publication import history
    from chatbot.settings import load_settings

    rows = history(load_settings(home=home).home)
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        what = " ".join(str(row[key]) for key in ("folder", "version", "share") if row.get(key))
        why = "; ".join([*filter(None, [row.get("reason")]), *row.get("objections", [])])
        forced = " FORCED" if row.get("forced") else ""
        click.echo(f"{row['at']}  {row.get('by') or row['who']:10} {row['action']:9}{forced} {what}  {why}")


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _say(line: str) -> None:
    """Progress goes to standard error, so that --json stays one object."""
    click.echo(line, err=True)
