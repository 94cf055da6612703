"""Base, published and candidate model on the same held-out cases, through the whole turn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatbot.engine import Engine
from chatbot.models.folders import MANIFEST, PUBLISHED, ModelFolder, resolve_model
from chatbot.models.publication import read_publication
from chatbot.settings import Settings
from finetune.dataset.example import Example
from finetune.evaluation.ask_cases import Reply, ask_cases
from finetune.evaluation.cases import Case, cases
from finetune.evaluation.comparison import Judgement, ModelReplies, Role, compare_models
from finetune.evaluation.judgement import judge
from finetune.evaluation.model import losses_of
from finetune.jsonl import Kept
from finetune.progress import Progress, Say
from retrieval.index import Index

OpenModel = Callable[[ModelFolder], Engine]
FORMAT = 1


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """A model with the part that it plays, and its losses where they are known already."""

    role: Role
    model: ModelFolder
    losses: Sequence[float] | None = None


def evaluate_turns(
    models: Sequence[ComparedModel],
    examples: Sequence[Example],
    index: Index,
    settings: Settings,
    *,
    open_model: OpenModel | None = None,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Ask every model every held-out question; returns the comparison that the report shows.

    Replies are kept under <home>/evaluations, by model and index, so that a run which was stopped goes on and
    a model that was asked before is not asked again. Raises EngineFailed.
    """
    asked = cases(examples, index)
    answered = []
    for one in models:
        kept = settings.home / "evaluations" / f"{_name(one.model, index, settings)}.jsonl"
        progress = Progress(say, f"Asking {one.model.label} {len(asked)} held-out questions")
        replies = ask_cases(
            lambda: (open_model or _open_local(settings))(one.model),  # noqa: B023 - called at once
            asked, index, settings, Kept(kept), lambda done, of: progress(done / of),  # noqa: B023
        )  # fmt: skip
        answered.append(_answered(one, asked, replies, _losses(one, examples, kept, say)))
    return {
        "format": FORMAT,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "models": {one.role: one.model.label for one in models},
        "index": index.version,
        **compare_models(asked, answered),
    }


def rivals(candidate: ModelFolder, start: ModelFolder | None, home: Path) -> list[ComparedModel]:
    """What a candidate is compared with: the model that it began from, and what customers have now.

    A model that is both counts as what customers have. The default model is left out as long as nobody has
    used it here, as building it takes a minute.
    """
    found: list[ComparedModel] = []
    if read_publication(home).current or any((home / "models").glob(f"default-*/{MANIFEST}")):
        found.append(ComparedModel("current", resolve_model(PUBLISHED, home)))
    if start and start.label not in [one.model.label for one in found]:
        found.insert(0, ComparedModel("base", start))
    return [one for one in found if one.model.label != candidate.label]


def _answered(
    one: ComparedModel, asked: Sequence[Case], replies: Sequence[Reply], losses: Sequence[float]
) -> ModelReplies:
    judged: list[Judgement] = []
    for case, reply, loss in zip(asked, replies, losses, strict=True):
        known = loss if loss == loss else None  # not a number: the example is too long for the trainer
        judged.append(judge(case, reply) | {"loss": known})
    return ModelReplies(one.role, one.model.label, replies, judged)


def _losses(one: ComparedModel, examples: Sequence[Example], kept: Path, say: Say) -> Sequence[float]:
    if one.losses is not None:
        return one.losses
    rows = Kept(kept.with_suffix(".loss.jsonl"))
    keys = [_digest(example.messages, example.target) for example in examples]
    missing = {key: e for key, e in zip(keys, examples, strict=True) if key not in rows.rows}
    if missing:
        progress = Progress(say, f"Perplexity of {one.model.label} on {len(examples)} held-out answers")
        for n, (key, loss) in enumerate(
            zip(missing, losses_of(one.model.path, list(missing.values())), strict=True), start=1
        ):
            rows.add(key, loss if loss == loss else None)
            progress(n / len(missing))
    return [float("nan") if rows.rows[key] is None else rows.rows[key] for key in keys]


def _name(model: ModelFolder, index: Index, settings: Settings) -> str:
    """Whatever makes a model answer otherwise is in the name."""
    return f"{model.name}-{_digest(model.version, index.version, settings.max_tokens, FORMAT)}"


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]


def _open_local(settings: Settings) -> OpenModel:
    def open_model(model: ModelFolder) -> Engine:
        from chatbot.engines.local import LocalEngine

        return LocalEngine(model, settings.dtype)

    return open_model
