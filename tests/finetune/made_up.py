"""Made-up training examples, short enough for a model that reads single bytes."""

from __future__ import annotations

from finetune.dataset.example import Example
from retrieval.articles.passage import Passage


def example(n: int, answer: str = "", gold: int = 1, text: str = "", language: str = "en") -> Example:
    """One with a single passage; the answer is the passage's text unless it is given."""
    passage = Passage(f"a{n}#0", f"a{n}", "Help", "", text or f"Item {n} costs {n} euro.", "", "en")
    return Example(
        id=f"e{n}",
        language=language,
        question=f"how much is item {n}",
        answer=answer or passage.text,
        passages=(passage,),
        gold=gold,
    )
