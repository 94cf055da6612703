"""The model versions of an installation: what each was made of, how it scored, and how two of them differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatbot.errors import ModelMissing
from chatbot.models.folders import MANIFEST, ModelFolder, read_model, read_object
from chatbot.models.publication import Published, read_publication
from finetune.errors import UnknownModel
from finetune.evaluation.model import Scored, compare
from finetune.evaluation.report import EVALUATION

REPORT = "report.json"
SCORES = "scores.json"


@dataclass(frozen=True, slots=True)
class Version:
    """One complete folder under <home>/models.

    `scores` are the means on its own held-out examples; `created_at` is UTC. `status` is "published",
    "canary 10%", or "". Without a report (the base, the default model) most fields are empty.
    """

    folder: str
    label: str
    base: str
    method: str
    examples: int
    conversations: int
    held_out: int
    scores: dict[str, float]
    created_at: str
    status: str


def versions(home: Path) -> list[Version]:
    """Every version, oldest first; folders that are incomplete are not versions."""
    found = []
    for manifest in (home / "models").glob(f"[!.]*/{MANIFEST}"):
        try:
            found.append(_version(read_model(manifest.parent), home))
        except ModelMissing:
            continue
    return sorted(found, key=lambda version: (version.created_at, version.folder))


def find_version(name: str, home: Path) -> ModelFolder:
    """The folder of a version, by its name under <home>/models. Raises UnknownModel."""
    folder = home / "models" / name
    if Path(name).name == name and (folder / MANIFEST).is_file():
        return read_model(folder)
    known = ", ".join(version.folder for version in versions(home)) or "none yet"
    raise UnknownModel(
        f"There is no model version {name!r} under {home / 'models'} (there are: {known}); "
        "type `chatbot models`, or make one with `chatbot finetune`."
    )


def read_report(model: ModelFolder) -> dict[str, Any]:
    """What `chatbot finetune` wrote about the model; empty for one that was not tuned here."""
    return read_object(model.path / REPORT)


def read_evaluation(model: ModelFolder) -> dict[str, Any]:
    """The comparison through the whole turn that the report shows; empty where there is none."""
    return read_object(model.path / EVALUATION)


def read_scores(model: ModelFolder) -> tuple[list[Scored], list[Scored]]:
    """Its base's and its own score of each held-out example; empty where training kept none."""
    rows = read_object(model.path / SCORES)
    try:
        base, tuned = ([Scored(**row) for row in rows.get(side, [])] for side in ("base", "tuned"))
    except TypeError:
        return [], []
    return base, tuned


def paired(one: list[Scored], two: list[Scored]) -> tuple[list[Scored], list[Scored]]:
    """The scores of the examples that both have, in the same order."""
    others = {scored.id: scored for scored in two}
    shared = [scored for scored in one if scored.id in others]
    return shared, [others[scored.id] for scored in shared]


def difference(one: ModelFolder, two: ModelFolder) -> dict[str, Any]:
    """What is not the same in two versions: recipe and data field by field, scores side by side.

    `scores` are over the held-out examples that both were measured on, with the interval of the paired
    difference; empty when they share none.
    """
    manifests = [read_object(model.path / MANIFEST) for model in (one, two)]
    reports = read_report(one), read_report(two)
    before, after = paired(read_scores(one)[1], read_scores(two)[1])
    return {
        "versions": [one.label, two.label],
        "base": _changed(*({"base": row.get("base", "")} for row in manifests)),
        "recipe": _changed(*(report.get("recipe", {}) for report in reports)),
        "data": _changed(*(report.get("data", {}) for report in reports)),
        "own_scores": [_means(report) for report in reports],
        "shared_examples": len(before),
        "scores": compare(before, after) if before else {},
    }


def _version(model: ModelFolder, home: Path) -> Version:
    manifest, report = read_object(model.path / MANIFEST), read_report(model)
    data = report.get("data", {})
    written = datetime.fromtimestamp((model.path / MANIFEST).stat().st_mtime, UTC)
    return Version(
        model.path.name,
        model.label,
        str(manifest.get("base", "")),
        str(report.get("recipe", {}).get("method", "lora")) if report else "",
        int(data.get("examples", {}).get("train", 0)) + int(report.get("extra_examples", 0)),
        int(data.get("conversations", 0)),
        int(report.get("held_out", 0)),
        _means(report),
        str(manifest.get("created_at") or written.isoformat(timespec="seconds")),
        _status(Published(model.path.name, model.version), home),
    )


def _status(version: Published, home: Path) -> str:
    now = read_publication(home)
    if version == now.current:
        return "published"
    return f"canary {now.share:.0%}" if version == now.canary else ""


def _means(report: Mapping[str, Any]) -> dict[str, float]:
    table = report.get("comparison", {})
    return {measure: round(float(row["tuned"]["mean"]), 4) for measure, row in table.items()}


def _changed(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, list[Any]]:
    names = [*one, *(name for name in two if name not in one)]
    return {name: [one.get(name), two.get(name)] for name in names if one.get(name) != two.get(name)}
