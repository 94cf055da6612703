"""What a short training on FAQ questions gains on unseen ones: ROUGE-L, the right source, yes for no.

`python -m benchmarks.training.faq FOLDER` takes a folder with the files of DSTC9 track 1, see
docs/default-model.md. Entries that the test asks for are not in the training part. Each question comes with
the three entries of its place that the search finds, in its order, as `chatbot finetune` makes examples too;
what is delivered is what a turn makes of the model's text.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

from chatbot.models.assemble import tuned_model
from chatbot.models.folders import ModelFolder, resolve_model
from chatbot.settings import load_settings
from chatbot.turn.answer import Answer, Found
from chatbot.turn.polarity import opening
from chatbot.turn.prompt import CITATION, PASSAGES
from chatbot.turn.quote import rank_sentences
from chatbot.turn.templates import Templates
from finetune.dataset.example import Example
from finetune.dataset.public_sets import dstc9_entries, dstc9_faq
from finetune.evaluation.measures import bootstrap, rouge_l
from finetune.evaluation.model import evaluate_model
from finetune.progress import Progress
from finetune.training.recipe import recipe_of
from finetune.training.stage import train_stage
from retrieval.articles.passage import Passage
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.search.filters import Filter


def parts(folder: Path, seed: int, test: int) -> tuple[list[Example], list[Example]]:
    """Examples that have an answer, to learn and to be tested: about entries that training does not see."""
    rng = random.Random(seed)
    examples = [example for example in dstc9_faq(folder, rng) if example.gold]
    rng.shuffle(examples)
    held = examples[:test]
    asked = {entry(example) for example in held}
    return [example for example in examples[test:] if entry(example) not in asked], held


def entry(example: Example) -> str:
    """The passage that answers."""
    return example.passages[example.gold - 1].id


def place_of(id: str) -> str:
    """The hotel, restaurant or service that an entry is about, from the id "<domain>:<place>:<number>"."""
    return id.rpartition(":")[0]


class Searched:
    """An example's question with the entries of its place that the search finds, best first."""

    def __init__(self, example: Example, index: Index, entries: Mapping[str, Passage]) -> None:
        hits = index.search(example.question, PASSAGES, where=Filter(product=place_of(entry(example))))
        self.hits = [replace(hit, passage=entries[hit.passage.article]) for hit in hits]
        passages = tuple(hit.passage for hit in self.hits)
        wanted = entry(example)
        gold = next((n for n, passage in enumerate(passages, start=1) if passage.id == wanted), 0)
        self.example = replace(example, passages=passages, gold=gold)


class Turn:
    """What a customer would see of a model's text."""

    def __init__(self, home: Path, index: Index) -> None:
        self._templates = Templates.open(home)
        self._index = index

    def answer(self, asked: Searched, output: str) -> Answer:
        """The answer that is delivered when every question is taken to have one."""
        sentences = rank_sentences(asked.example.question, asked.hits, [], self._index.likeness)
        found = Found(asked.hits, sentences=sentences, chance=1.0)
        answer = Answer(asked.example.question, found, asked.example.language, self._templates)
        answer.add(output)
        answer.finish()
        return answer


def measures(asked: Searched, output: str, answer: Answer) -> dict[str, float | None]:
    """`rouge_l` is the model's own; the others are of the answer that is delivered, None without one.

    `right_source`: the entry that answers is cited; `no_other`: and no other is; `contradicts`: it begins
    with yes where the reference begins with no, or the other way round; `of_yes_or_no`: the same, of those
    where both begin with either.
    """
    cited = {citation.n for citation in answer.citations}
    said, wanted = opening(answer.text), opening(asked.example.answer)
    contradicts = float(bool(said and wanted and said != wanted))
    return {
        "rouge_l": rouge_l(CITATION.sub("", output), asked.example.answer),
        "delivered": float(bool(cited)),
        "right_source": float(asked.example.gold in cited) if cited else None,
        "no_other": float(cited == {asked.example.gold}) if cited else None,
        "contradicts": contradicts if cited else None,
        "of_yes_or_no": contradicts if cited and said and wanted else None,
    }


def main() -> None:
    """Train, answer with base and tuned model, print the measures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", type=int, default=480, help="examples to learn from")
    parser.add_argument("--test", type=int, default=120, help="unseen questions")
    parser.add_argument("--minutes", type=float, default=8.5, help="of training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--answers", type=Path, help="write the tuned model's answers here, JSON Lines")
    asked = parser.parse_args()
    start = resolve_model("base", load_settings().home)
    pool, held = parts(asked.folder, asked.seed, asked.test)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        index = indexed(asked.folder, work / "entries")
        entries = {id: passage for place in dstc9_entries(asked.folder) for id, passage in place.items()}
        questions = [Searched(example, index, entries) for example in held]
        answered = (Searched(example, index, entries).example for example in pool)
        learnt = list(islice((example for example in answered if example.gold), asked.train))
        turn = Turn(work, index)
        recipe = recipe_of("lora", epochs=3.0, minutes=asked.minutes, seed=asked.seed, patience=0)
        trained = train_stage(start, learnt[20:], learnt[:20], work / "adapter", recipe, print)
        tuned = tuned_model(start.path, trained.adapter, work / "model", {"name": "faq"})
        result = {
            "train": len(learnt),
            "test": len(held),
            "found": sum(one.example.gold > 0 for one in questions) / len(questions),
            "found_first": sum(one.example.gold == 1 for one in questions) / len(questions),
            "training_seconds": round(trained.seconds),
            "base": _measured(start, questions, turn),
            "tuned": _measured(tuned, questions, turn, asked.answers),
        }
    print(json.dumps(result, indent=2))


def indexed(folder: Path, where: Path) -> Index:
    """All entries, each with its place as the product that it is about."""
    where.mkdir()
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    corpus = where / "corpus.jsonl"
    placed = [{k: row[k] for k in ("id", "title", "text")} | {"product": place_of(row["id"])} for row in rows]
    corpus.write_text("".join(json.dumps(row) + "\n" for row in placed), encoding="utf-8")
    progress = Progress(print, "Reading the entries")
    ingest([corpus], where / "index", on_progress=lambda done, of: progress(done / of))
    return Index.open(where / "index")


def _measured(
    model: ModelFolder, questions: Sequence[Searched], turn: Turn, out: Path | None = None
) -> dict[str, Any]:
    """Mean and 95 % interval of each measure, over the answers that it can be told of."""
    progress = Progress(print, f"Answering {len(questions)} questions with {model.label}")
    examples = [one.example for one in questions]
    scored, _ = evaluate_model(model.path, examples, lambda done, of: progress(done / of), probed=0)
    answers = [turn.answer(one, s.output) for one, s in zip(questions, scored, strict=True)]
    rows = [measures(q, s.output, a) for q, s, a in zip(questions, scored, answers, strict=True)]
    if out:
        lines = [
            {
                "question": q.example.question,
                "reference": q.example.answer,
                "written": s.output,
                "answer": a.text,
            }
            | row
            for q, s, a, row in zip(questions, scored, answers, rows, strict=True)
        ]
        out.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    kept = {name: [v for row in rows if (v := row[name]) is not None] for name in rows[0]}
    return {name: asdict(bootstrap(values)) | {"of": len(values)} for name, values in kept.items()}


if __name__ == "__main__":
    main()
