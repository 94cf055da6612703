"""What a run learns from: logs, feedback and people's decisions, put together as a data set."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chatbot.privacy.rules import RedactionRules
from chatbot.settings import Settings
from finetune.dataset.build import build_dataset
from finetune.dataset.example import Example
from finetune.dataset.feedback import Feedback, open_feedback
from finetune.dataset.folder import files_of, open_dataset
from finetune.dataset.preferences import write_preferences
from finetune.dataset.review import Review
from finetune.dataset.split import Split
from finetune.logs.conversation import Problem
from finetune.logs.reader import log_files, read_logs
from finetune.progress import Say
from retrieval.index import Index

PREFERENCES = "preferences.jsonl"


def told_feedback(
    settings: Settings, knowledge: Index, say: Say, rules: RedactionRules = RedactionRules()
) -> Feedback:
    """What people thought of the answers in this installation; the counts are told."""
    found = open_feedback(settings.database, [passage.text for passage in knowledge.passages], rules)
    for line in found.lines():
        say(line)
    return found


def imported(settings: Settings) -> list[Path]:
    """The logs that `chatbot logs import` keeps in this installation."""
    return sorted(path.parent for path in (settings.home / "logs").glob("*/manifest.json"))


def gather(
    logs: Sequence[Path],
    knowledge: Index,
    work: Path,
    seed: int,
    feedback: Feedback,
    review: Review,
    say: Say,
    rules: RedactionRules = RedactionRules(),
) -> tuple[dict[str, Any], dict[Split, list[Example]]]:
    """Write <work>/dataset, and the preferences beside it; returns the card and the examples by split.

    Raises LogsUnreadable or DatasetError.
    """
    say("Reading, redacting and choosing the conversations that teach something")
    shutil.rmtree(work / "dataset", ignore_errors=True)
    problems: list[Problem] = []
    conversations = read_logs(logs, problems) if logs else iter(())
    card = build_dataset(
        conversations, knowledge, work / "dataset", seed, feedback=feedback.exchanges, review=review,
        rules=rules, about={"files": files_of(list(log_files(logs)))},
    )  # fmt: skip
    if feedback.preferences:
        count = write_preferences(feedback.preferences, work / PREFERENCES)
        say(f"{count} preferences between answers: {work / PREFERENCES}")
    for problem in problems:
        say(f"  not read: {problem}")
    splits = open_dataset(work / "dataset")
    counts = ", ".join(f"{split} {len(examples)}" for split, examples in splits.items())
    say(f"{card.conversations} conversations, {sum(map(len, splits.values()))} examples ({counts})")
    return asdict(card), splits
