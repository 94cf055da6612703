"""Fit when the bot dares to answer: the weights of chatbot/turn/decide.py, from known articles.

`python -m finetune.evaluation.calibrate LOGS... [--also HOME FOLDER]` prints them for CHATBOT_HOME.
Every past question is judged by the others: once as it is, and once with the article that answered it taken
away, which makes it a question without an answer that looks just like one with. FOLDER holds a set in the
layout of BEIR that was ingested into HOME; its questions are taken likewise.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chatbot.index import open_index
from chatbot.settings import load_settings
from chatbot.turn.decide import WEIGHTS, WEIGHTS_WITHOUT_LOGS, signs
from chatbot.turn.prompt import PASSAGES
from chatbot.turn.search import Withheld, search
from finetune.dataset.build import taught
from finetune.dataset.ground import POOL, Grounder
from finetune.evaluation.logistic import logistic
from finetune.evaluation.questions import files_of, read_judged
from finetune.logs.reader import read_logs
from retrieval.index import Index
from retrieval.languages.text import language_of

RIDGE = 0.1


@dataclass(frozen=True, slots=True)
class Sample:
    """What the search saw of a question, and whether what it found answers it."""

    signs: Mapping[str, float]
    answerable: bool


def fit(sets: Sequence[Sequence[Sample]], names: Sequence[str]) -> dict[str, float]:
    """Weights of a logistic regression of "answerable" on these signs, at even odds in each set."""
    samples = [sample for some in sets for sample in some]
    offset = [prior for some in sets for prior in [_log_odds(some)] * len(some)]
    rows = np.array([[sample.signs[name] for name in names] for sample in samples])
    answers = np.array([float(sample.answerable) for sample in samples])
    weights = logistic(rows, answers, RIDGE, np.array(offset))
    return dict(zip(names, (round(float(w), 1) for w in weights), strict=True))


def from_logs(logs: Sequence[Path], index: Index) -> Iterator[Sample]:
    """Each past question, and each without the article that answered it."""
    for one in taught(read_logs(logs), Grounder(index), index, Counter(), Counter()):
        exchange, example = one.exchange, one.example
        asked = exchange.question, exchange.history, exchange.language
        found = search(index, *asked, count=POOL, withheld=Withheld(itself=True))
        if found.sources:
            yield Sample(signs(found.sources[:PASSAGES], found.near), example.gold > 0)
        if not example.gold:
            continue
        gold = example.passages[example.gold - 1]
        same = {s.passage.article for s in found.sources if s.passage.url == gold.url != ""}
        without = search(index, *asked, withheld=Withheld(frozenset({gold.article, *same}), itself=True))
        if len(without.sources) == PASSAGES:
            yield Sample(signs(without.sources, without.near), False)


def from_judged(folder: Path, index: Index) -> Iterator[Sample]:
    """Each question of a set in the layout of BEIR, and each without the articles that answer it."""
    for question in read_judged(files_of(folder))[0]:
        for hidden, answerable in ((frozenset(), True), (frozenset(question.relevant), False)):
            language = language_of(question.text)
            found = search(index, question.text, question.history, language, withheld=Withheld(hidden))
            if found.sources:
                yield Sample(signs(found.sources, found.near), answerable)


def main() -> None:
    """Print the weights by their names in chatbot/turn/decide.py."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("logs", nargs="+", type=Path)
    parser.add_argument("--also", nargs=2, type=Path, action="append", default=[], metavar=("HOME", "FOLDER"))
    asked = parser.parse_args()
    sets = [list(from_logs(asked.logs, open_index(load_settings())))]
    print("WEIGHTS =", fit(sets, list(WEIGHTS)))
    for home, folder in asked.also:
        sets.append(list(from_judged(folder, open_index(load_settings(home=home)))))
    print("WEIGHTS_WITHOUT_LOGS =", fit(sets, list(WEIGHTS_WITHOUT_LOGS)))


def _log_odds(samples: Sequence[Sample]) -> float:
    answerable = sum(sample.answerable for sample in samples)
    return math.log(answerable / (len(samples) - answerable))


if __name__ == "__main__":
    main()
