"""What a short training on FAQ questions gains on unseen ones: ROUGE-L, the right source, yes for no.

`python -m benchmarks.training.faq FOLDER` takes a folder with the files of DSTC9 track 1, see
docs/default-model.md. Entries that the test asks for are not in the training part. Each question comes with
its entry and two others of the same place; what is delivered is what a turn makes of the model's text.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from chatbot.answer import Answer, Found
from chatbot.evidence import opening
from chatbot.extract import rank_sentences
from chatbot.models import ModelFolder, resolve_model
from chatbot.prompt import CITATION
from chatbot.settings import load_settings
from chatbot.templates import Templates
from chatbot.tuned import tuned_model
from finetune.evaluate_model import Scored, evaluate_model
from finetune.example import Example
from finetune.measures import bootstrap, rouge_l
from finetune.progress import Progress
from finetune.public_sets import dstc9_faq
from finetune.recipe import recipe_of
from finetune.stage import train_stage
from retrieval.embed import alike, load_embedder
from retrieval.passage import Hit


def parts(folder: Path, seed: int, train: int, test: int) -> tuple[list[Example], list[Example]]:
    """Examples that have an answer, those of the test about entries that the training does not see."""
    rng = random.Random(seed)
    examples = [example for example in dstc9_faq(folder, rng) if example.gold]
    rng.shuffle(examples)
    held = examples[:test]
    asked = {entry(example) for example in held}
    return [example for example in examples[test:] if entry(example) not in asked][:train], held


def entry(example: Example) -> str:
    """The passage that answers."""
    return example.passages[example.gold - 1].id


class Turn:
    """What a customer would see of a model's text."""

    def __init__(self, home: Path) -> None:
        self._templates = Templates.open(home)
        self._likeness = partial(alike, load_embedder("default"))

    def measures(self, example: Example, output: str) -> dict[str, float | None]:
        """`rouge_l` is the model's own; the others are of the answer that is delivered, None without one.

        `right_source`: the entry that answers is cited; `no_other`: and no other is; `contradicts`: it begins
        with yes where the reference begins with no, or the other way round.
        """
        hits = [Hit(passage, 1.0, 1.0, 1.0, 1.0) for passage in example.passages]
        sentences = rank_sentences(example.question, hits, [], self._likeness)
        found = Found(hits, sentences=sentences, chance=1.0)
        answer = Answer(example.question, found, example.language, self._templates)
        answer.add(output)
        answer.finish()
        cited = {citation.n for citation in answer.citations}
        said, wanted = opening(answer.text), opening(example.answer)
        return {
            "rouge_l": rouge_l(CITATION.sub("", output), example.answer),
            "delivered": float(bool(cited)),
            "right_source": float(example.gold in cited) if cited else None,
            "no_other": float(cited == {example.gold}) if cited else None,
            "contradicts": float(said != wanted) if cited and said and wanted else None,
        }


def summary(examples: Sequence[Example], scored: Sequence[Scored], turn: Turn) -> dict[str, Any]:
    """Mean and 95 % interval of each measure, over the answers that it can be told of."""
    rows = [turn.measures(e, s.output) for e, s in zip(examples, scored, strict=True)]
    kept = {name: [v for row in rows if (v := row[name]) is not None] for name in rows[0]}
    return {name: asdict(bootstrap(values)) | {"of": len(values)} for name, values in kept.items()}


def main() -> None:
    """Train, answer with base and tuned model, print the measures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", type=int, default=480, help="examples to learn from")
    parser.add_argument("--test", type=int, default=120, help="unseen questions")
    parser.add_argument("--minutes", type=float, default=8.5, help="of training")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    settings = load_settings()
    start = resolve_model("base", settings.home)
    learnt, held = parts(asked.folder, asked.seed, asked.train, asked.test)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        recipe = recipe_of("lora", epochs=3.0, minutes=asked.minutes, seed=asked.seed, patience=0)
        turn = Turn(work)
        trained = train_stage(start, learnt[20:], learnt[:20], work / "adapter", recipe, print)
        tuned = tuned_model(start.path, trained.adapter, work / "model", {"name": "faq"})
        result = {
            "train": len(learnt),
            "test": len(held),
            "training_seconds": round(trained.seconds),
            "base": _measured(start, held, turn),
            "tuned": _measured(tuned, held, turn),
        }
    print(json.dumps(result, indent=2))


def _measured(model: ModelFolder, held: Sequence[Example], turn: Turn) -> dict[str, Any]:
    progress = Progress(print, f"Answering {len(held)} questions with {model.label}")
    scored, _ = evaluate_model(model.path, held, lambda done, of: progress(done / of), probed=0)
    return summary(held, scored, turn)


if __name__ == "__main__":
    main()
