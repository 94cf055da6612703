"""What a training came to: how the model was made and how it answers held-out examples."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chatbot.models.folders import ModelFolder
from finetune.evaluation.model import Scored, compare
from finetune.training.recipe import Recipe
from finetune.training.train import Trained
from finetune.training.trials import Tried


def made(
    start: ModelFolder,
    tuned: ModelFolder,
    card: dict[str, Any],
    recipe: Recipe,
    trained: Trained,
    extra: int,
    tried: Sequence[Tried],
) -> dict[str, Any]:
    """What the report says of how the model was made."""
    return {
        "model": tuned.label,
        "folder": str(tuned.path),
        "base": start.label,
        "data": card,
        "extra_examples": extra,
        "recipe": asdict(recipe),
        "training": {
            "seconds": round(trained.seconds, 1),
            "steps": trained.steps,
            "tokens": trained.tokens,
            "left_out": trained.left_out,
            "validation_loss": trained.validation,
            "stopped_early": trained.stopped_early,
            "curve": trained.curve,
            "validation_curve": trained.validated,
        },
        "trials": [asdict(one) for one in tried],
    }


def judged(before: list[Scored], after: list[Scored]) -> dict[str, Any]:
    """What the report says of the held-out examples, as the base and the tuned model answer them."""
    comparison = compare(before, after)
    return {
        "held_out": len(after),
        "comparison": comparison,
        "by_language": by_language(before, after),
        "better": all(comparison[measure]["better"] for measure in ("loss", "rouge_l", "citation")),
        "samples": [
            {"id": b.id, "base": b.output, "tuned": a.output}
            for b, a in sorted(
                zip(before, after, strict=True), key=lambda pair: pair[0].rouge_l - pair[1].rouge_l
            )
        ][:20],
    }


def by_language(before: Sequence[Scored], after: Sequence[Scored]) -> dict[str, Any]:
    """The comparison of each language that was answered in."""
    return {
        language: compare(*([s for s in scored if s.language == language] for scored in (before, after)))
        for language in sorted({s.language for s in after})
    }


def means(comparison: dict[str, Any], before: str = "base", after: str = "tuned") -> list[str]:
    """A line of each measure: mean and interval of both models, under these names."""
    lines = []
    for measure, row in comparison.items():
        cells = [
            f"{row[k]['mean']:.3f} [{row[k]['low']:.3f}, {row[k]['high']:.3f}]" for k in ("base", "tuned")
        ]
        lines.append(f"  {measure:15} {before} {cells[0]}   {after} {cells[1]}")
    return lines


def told(report: dict[str, Any], folder: Path) -> list[str]:
    """The report in the lines that end a run."""
    lines = [f"On {report['held_out']} held-out examples (mean and 95 % interval):"]
    lines += means(report["comparison"])
    verdict = "better than" if report["better"] else "NOT better with confidence than"
    lines.append(f"{report['model']} is {verdict} {report['base']}; report and loss curve are in {folder}")
    lines.append(f"Serve it: chatbot serve --model {folder}")
    return lines
