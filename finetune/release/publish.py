"""Publish a candidate version: gather what speaks for and against it, ask the gate, and write it down."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from chatbot.engine import Engine
from chatbot.models import publication
from chatbot.models.folders import PUBLISHED, ModelFolder, resolve_model
from chatbot.models.publication import Published
from chatbot.settings import Settings
from finetune.dataset.folder import open_dataset
from finetune.errors import DatasetError, PublishedAlready
from finetune.evaluation.answers import evaluate_answers
from finetune.evaluation.comparison import turn_gains
from finetune.evaluation.gains import Gain, gains_of
from finetune.evaluation.measures import bootstrap
from finetune.evaluation.model import Scored, compare, evaluate_model
from finetune.evaluation.safety import ask_probes, passes, read_safety_probes
from finetune.release.gate import GateResult, Probed, Rules, pass_gate
from finetune.release.versions import find_version, paired, read_evaluation, read_report, read_scores

Say = Callable[[str], None]
OpenModel = Callable[[ModelFolder], Engine]
# Measures of a questions file by the field of its rows; for each one more is better.
ASKED = {
    "facts_stated": "facts",
    "right_article_cited": "right_article",
    "not_answered_without_source": "silent",
    "right_language": "right_language",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a candidate version. `reasons` are the gate's objections, also when it was forced."""

    folder: str
    version: str
    against: str
    published: bool
    forced: bool
    share: float
    reasons: tuple[str, ...]
    gains: tuple[Gain, ...]
    probes: tuple[Probed, ...]


def publish(
    name: str,
    *,
    settings: Settings,
    rules: Rules,
    questions: Path | None = None,
    share: float = 0.0,
    force: bool = False,
    reason: str = "",
    say: Say = lambda line: None,
    open_model: OpenModel | None = None,
) -> Outcome:
    """Measure a version against the published one; publish it, or a `share` (0..1) of it, if the gate agrees.

    `force` publishes it in any case. Publication, refusal and force are recorded in the history.
    Raises UnknownModel, PublishedAlready, ModelMissing, EngineFailed or QuestionsUnreadable; then nothing
    has changed.
    """
    version = find_version(name, settings.home)
    if Published(version.path.name, version.version) == publication.read_publication(settings.home).current:
        raise PublishedAlready(f"{version.label} is published already; `chatbot models` shows what is.")
    current = resolve_model(PUBLISHED, settings.home)
    gains, missing = _held_out(current, version, settings.home, say)
    if comparison := read_evaluation(version):
        gains += turn_gains(comparison, current.label)
    if questions:
        gains += _questions(current, version, questions, settings, say)
    probes = _probes(current, version, open_model or _open_local(settings), say)
    result = GateResult((*missing, *pass_gate(gains, probes, rules).reasons))
    outcome = Outcome(
        version.path.name,
        version.version,
        current.label,
        result.passed or force,
        force and not result.passed,
        share,
        result.reasons,
        tuple(gains),
        tuple(probes),
    )
    _write(outcome, settings.home, reason, rules)
    return outcome


def _write(outcome: Outcome, home: Path, reason: str, rules: Rules) -> None:
    version = Published(outcome.folder, outcome.version)
    about: dict[str, Any] = {
        "against": outcome.against,
        "forced": outcome.forced,
        "reason": reason,
        "objections": list(outcome.reasons),
        "rules": asdict(rules),
        "scores": {f"{gain.measure} on {gain.where}": round(gain.mean, 4) for gain in outcome.gains},
        "probes_passed": f"{sum(probe.candidate for probe in outcome.probes)} of {len(outcome.probes)}",
    }
    if not outcome.published:
        publication.record(home, action="refuse", **asdict(version), **about)
    elif outcome.share:
        publication.start_canary(home, version, outcome.share, **about)
    else:
        publication.publish(home, version, **about)


def _held_out(
    current: ModelFolder, version: ModelFolder, home: Path, say: Say
) -> tuple[list[Gain], list[str]]:
    """Gains on the candidate version's held-out examples, and why there are none."""
    report = read_report(version)
    if not report:
        return [], [f"{version.label} has no report.json, so nothing shows what it can do"]
    if report.get("base") == current.label:
        gains = gains_of(report["comparison"], "held-out")
        for language, table in report.get("by_language", {}).items():
            gains += gains_of(table, f"held-out {language}")
        return gains, []
    scored = read_scores(version)[1]
    try:
        examples = open_dataset(home / "training" / version.path.name / "dataset")["test"]
    except DatasetError as error:
        return [], [
            f"it was compared with {report.get('base')} and {current.label} is published; "
            f"its held-out examples are needed to compare it with that: {error}"
        ]
    say(f"Evaluating {current.label} on the candidate version's {len(examples)} held-out examples")
    before, after = paired(evaluate_model(current.path, examples, probed=0)[0], scored)
    return _by_language(before, after), []


def _by_language(before: Sequence[Scored], after: Sequence[Scored]) -> list[Gain]:
    gains = gains_of(compare(before, after), "held-out") if before else []
    for language in sorted({scored.language for scored in before}):
        pairs = [(b, a) for b, a in zip(before, after, strict=True) if b.language == language]
        gains += gains_of(compare([b for b, _ in pairs], [a for _, a in pairs]), f"held-out {language}")
    return gains


def _questions(
    current: ModelFolder, version: ModelFolder, questions: Path, settings: Settings, say: Say
) -> list[Gain]:
    """Both models through the whole turn, question by question."""
    rows = []
    for model in (current, version):
        say(f"Asking {model.label} the questions in {questions}")
        asked = evaluate_answers(questions, settings=replace(settings, model=str(model.path)))
        rows.append(asked["rows"])
    gains = question_gains(rows[0], rows[1], "questions")
    for language in sorted({row["language"] for row in rows[0]}):
        pairs = [(b, a) for b, a in zip(*rows, strict=True) if b["language"] == language]
        gains += question_gains([b for b, _ in pairs], [a for _, a in pairs], f"questions {language}")
    return gains


def question_gains(
    before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]], where: str
) -> list[Gain]:
    """Paired gains of the rows that `chatbot evaluate` makes, each over the questions it is about."""
    gains = []
    for measure, field in ASKED.items():
        wanted = {"silent": False, "right_article": True}.get(field)  # about those with an answer, or without
        pairs = [
            (float(b[field]), float(a[field]))
            for b, a in zip(before, after, strict=True)
            if b[field] is not None and wanted in (None, b["answerable"])
        ]
        if pairs:
            interval = bootstrap([a - b for b, a in pairs])
            gains.append(Gain(where, measure, interval.mean, interval.low, interval.high))
    return gains


def _probes(current: ModelFolder, version: ModelFolder, open_model: OpenModel, say: Say) -> list[Probed]:
    probes = read_safety_probes()
    said = []
    for model in (current, version):
        say(f"Asking {model.label} {len(probes)} safety probes")
        said.append(asyncio.run(_ask(open_model(model))))
    before, after = said
    return [
        Probed(probe.id, probe.kind, passes(probe, before[probe.id]), passes(probe, after[probe.id]))
        for probe in probes
    ]


async def _ask(engine: Engine) -> dict[str, str]:
    try:
        return await ask_probes(engine, read_safety_probes())
    finally:
        await engine.aclose()


def _open_local(settings: Settings) -> OpenModel:
    """In this process: a server that runs beside it keeps its own model."""

    def open_model(model: ModelFolder) -> Engine:
        from chatbot.engines.local import LocalEngine

        return LocalEngine(model, settings.dtype)

    return open_model
