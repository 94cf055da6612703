"""From log files to a model folder: redact, build the data set, train, merge, compare with the base."""

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatbot.index import open_index
from chatbot.models.assemble import tuned_model
from chatbot.models.folders import ModelFolder, read_model, resolve_model
from chatbot.privacy.rules import RedactionRules
from chatbot.settings import Settings
from finetune.dataset.augment import augmented
from finetune.dataset.example import Example, read
from finetune.dataset.feedback import Feedback
from finetune.dataset.gather import gather, imported, told_feedback
from finetune.dataset.review import QUEUE, Review, doubtful_answers, down_voted, read_queue, update_queue
from finetune.errors import BadRecipe, FinetuneError
from finetune.evaluation.abstention import write_abstention_prior
from finetune.evaluation.model import ANSWER_TOKENS, PROBES, Scored, evaluate_model, silences_of
from finetune.evaluation.outcome import judged, made, told
from finetune.evaluation.report import write_report
from finetune.evaluation.turns import ComparedModel, evaluate_turns, rivals
from finetune.packages import TRAIN, need
from finetune.progress import Progress, Say
from finetune.training.loss_plot import plot_loss
from finetune.training.recipe import Method, Recipe, recipe_of
from finetune.training.runs import REPORT, begin, folder_of, kept_dataset, write_json
from finetune.training.stage import dry, search_stage, train_stage
from finetune.training.trials import Tried
from retrieval.embed.load import load_embedder
from retrieval.errors import RetrievalError
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.words.synonyms import read_synonyms

SCORES = "scores.json"  # of each held-out example, for a paired comparison with any other version
# When neither epochs nor minutes are given, so that the sample logs take about 12 minutes on two cores:
MINUTES = 3.25  # of training
ASKED = 8  # held-out questions that each model answers through the whole turn, in ANSWER_TOKENS at most


def run(
    logs: Sequence[Path],
    *,
    settings: Settings,
    articles: Path | None = None,
    index: Path | None = None,
    base: str = "base",
    out: Path | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
    seed: int = 0,
    also: Path | None = None,
    augment: float = 0.0,
    from_feedback: bool = False,
    method: Method = "lora",
    resume: bool = False,
    dry_run: bool = False,
    trials: int = 0,
    rules: RedactionRules = RedactionRules(),
    say: Say = lambda line: None,
    **numbers: Any,
) -> dict[str, Any]:
    """Tune `base` on the logs; returns the report that is also written to <out>/report.json.

    `also` is a file of further examples, `augment` the share of the training split that is learnt once more
    with typos, in other words and with its passages in another order.
    With `from_feedback` what people thought of the answers here is learnt too, beside the logs; without logs,
    beside those that were imported.
    Passages come from `index`, or from `articles` (ingested for this run), or from the installation's index.
    `resume` goes on with a run that was killed: that of `out`, else the last one. `dry_run` ends with what
    the training would take. `trials` short runs search for better numbers of the recipe first. `rules` say
    what personal data looks like. `numbers` are fields of the Recipe, None for what suits the method.
    Raises FinetuneError, RetrievalError or ModelMissing, each with what to type.
    """
    need(*TRAIN)
    started = time.monotonic()
    if dry_run and resume:
        raise BadRecipe("A dry run keeps nothing, so there is nothing to resume: leave out one of the two.")
    brief = epochs is None and minutes is None
    if brief:
        minutes = MINUTES
    recipe = recipe_of(method, epochs=epochs or 3.0, minutes=minutes, seed=seed, **numbers)
    folder = folder_of(out, settings.home, resume)
    work = settings.home / "training" / folder.name
    start = resolve_model(base, settings.home)
    begin(
        work,
        folder,
        {
            "logs": logs,
            "articles": articles,
            "index": index,
            "base": base,
            "also": also,
            "augment": augment,
            "from_feedback": from_feedback,
            "trials": trials,
        },
        recipe,
        resume,
    )
    knowledge = _open_index(articles, index, settings, work, say)
    queue = settings.home / QUEUE
    review = Review(read_queue(queue))
    feedback = Feedback()
    card, splits = kept_dataset(work) if resume else ({}, {})
    if not splits:
        feedback = told_feedback(settings, knowledge, say, rules) if from_feedback else feedback
        card, splits = gather(logs or imported(settings), knowledge, work, seed, feedback, review, say, rules)
    extra = augmented(splits["train"], augment, seed, read_synonyms(index or settings.index))
    extra += list(read(also)) if also else []
    if dry_run:
        return dry(start, [*splits["train"], *extra], splits["validation"], work, recipe, say)
    tried: list[Tried] = []
    if trials:
        recipe, tried = search_stage(
            start, [*splits["train"], *extra], splits["validation"], work, recipe, trials, say
        )
    trained = train_stage(
        start, [*splits["train"], *extra], splits["validation"], work / "adapter", recipe, say, resume
    )
    if folder.exists():  # a resumed run that was killed while it evaluated
        tuned = read_model(folder)
    else:
        tuned = tuned_model(start.path, trained.adapter, folder, _manifest(folder, start, recipe))
    before, after = _evaluate(start, tuned, splits["test"], splits["validation"], say)
    report = made(start, tuned, card, recipe, trained, len(extra), tried) | judged(before, after)
    report["seconds"] = round(time.monotonic() - started, 1)
    plot_loss(trained, folder / "loss.png")
    comparison = _compare(
        start, tuned, splits["test"], (before, after), knowledge, settings, brief, report, say
    )
    doubtful = [*down_voted(feedback.review), *doubtful_answers(comparison), *review.found]
    say(f"{update_queue(queue, doubtful)} examples are worth a look: {queue}")
    write_json(folder / REPORT, report)
    for line in told(report, folder):
        say(line)
    if folder.parent == settings.home / "models":
        say(f"Or publish it, when it is better than what is: chatbot models publish {folder.name}")
    return report


def _open_index(articles: Path | None, index: Path | None, settings: Settings, work: Path, say: Say) -> Index:
    if articles:
        say(f"Indexing {articles}")
        ingest([articles], work / "index", load_embedder(settings.embedder))
        index = work / "index"
    try:
        return open_index(settings, index)
    except RetrievalError as error:
        raise FinetuneError(
            f"{error} Fine-tuning needs the help articles the agents answered from: add `--articles FOLDER`."
        ) from error


def _evaluate(
    start: ModelFolder,
    tuned: ModelFolder,
    held_out: Sequence[Example],
    validation: Sequence[Example],
    say: Say,
) -> tuple[list[Scored], list[Scored]]:
    """Both models on the held-out examples; scores, probes and the measure of doubt go into the folder."""
    results = []
    for model, probed in ((start, 0), (tuned, PROBES)):
        progress = Progress(say, f"Evaluating {model.label} on {len(held_out)} held-out examples")
        results.append(evaluate_model(model.path, held_out, lambda done, of: progress(done / of), probed))  # noqa: B023
    (before, _), (after, probes) = results
    write_json(tuned.path / "probes.json", probes)
    write_json(
        tuned.path / SCORES, {"base": [asdict(s) for s in before], "tuned": [asdict(s) for s in after]}
    )
    say(f"Measuring what it tells by the first token, on {len(validation)} more")
    silences = [*(s.silence for s in after), *silences_of(tuned.path, validation)]
    write_abstention_prior(tuned.path, [*held_out, *validation], silences)
    return before, after


def _compare(
    start: ModelFolder,
    tuned: ModelFolder,
    held_out: Sequence[Example],
    scored: tuple[list[Scored], list[Scored]],
    knowledge: Index,
    settings: Settings,
    brief: bool,
    report: dict[str, Any],
    say: Say,
) -> dict[str, Any]:
    """The report for people: held-out questions through the whole turn, the first few when `brief`."""
    asked = held_out[:ASKED] if brief else held_out
    if brief:
        settings = replace(settings, max_tokens=min(ANSWER_TOKENS, settings.max_tokens))
    losses = {
        model.label: [s.loss for s in scores[: len(asked)]]
        for model, scores in zip((start, tuned), scored, strict=True)
    }
    models = [
        replace(one, losses=losses.get(one.model.label))
        for one in [*rivals(tuned, start, settings.home), ComparedModel("candidate", tuned)]
    ]
    comparison = evaluate_turns(models, asked, knowledge, settings, say=say)
    say(f"Report: {write_report(comparison, report, tuned.path)}")
    if len(asked) < len(held_out):
        say(f"To ask all {len(held_out)} held-out questions: chatbot evaluate model {tuned.path.name}")
    return comparison


def _manifest(folder: Path, start: ModelFolder, recipe: Recipe) -> dict[str, object]:
    return {
        "name": folder.name,
        "base": start.label,
        "recipe_of_training": asdict(recipe),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
