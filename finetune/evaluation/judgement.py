"""Judge a delivered reply against what the agent answered, measure by measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chatbot.turn.evidence import check_sentence, facts
from chatbot.turn.polarity import contradicts, opening
from chatbot.turn.prompt import CITATION
from chatbot.turn.sentences import split_sentences
from finetune.evaluation.ask_cases import Reply
from finetune.evaluation.cases import Case
from finetune.evaluation.measures import chrf, rouge_l
from retrieval.articles.passage import Passage
from retrieval.languages.text import language_of, tokens


@dataclass(frozen=True, slots=True)
class Measure:
    """`better` is the good direction; a `share` goes from 0 to 1; `about` explains it to a reader."""

    title: str
    better: Literal["higher", "lower", "neither"]
    share: bool
    about: str


MEASURES = {
    "loss": Measure(
        "Perplexity", "lower", False,
        "How surprised the model is by the agent's words, from the passages of the data set; "
        "e to the power of the mean loss a token. 1 would be no surprise at all.",
    ),
    "rouge_l": Measure(
        "ROUGE-L", "higher", True,
        "Longest common run of words with the agent's answer, F1. Only questions that have an answer.",
    ),
    "chrf": Measure(
        "chrF", "higher", True,
        "Common letter sequences with the agent's answer (sacrebleu). Only questions that have an answer.",
    ),
    "facts_f1": Measure(
        "Facts, F1", "higher", True,
        "Figures and names: those of the agent's answer that are said, and those said that are the agent's.",
    ),
    "citation_precision": Measure(
        "Citation precision", "higher", True,
        "Of the sources cited, those that carry the agent's answer.",
    ),
    "citation_recall": Measure(
        "Citation recall", "higher", True,
        "Answers that cite a source which carries the agent's answer, of all questions that have one.",
    ),
    "abstention": Measure(
        "Says it has no answer", "higher", True,
        "Of the questions whose answer is in no article, those that were not answered.",
    ),
    "over_refusal": Measure(
        "Silent without need", "lower", True,
        "Of the questions that have an answer, those that were not answered.",
    ),
    "contradiction": Measure(
        "Contradicts its source", "lower", True,
        "Delivered answers that turn a \"no\" of the article or of the agent into a \"yes\", or the reverse.",
    ),
    "contradiction_written": Measure(
        "Contradicts, before the check", "lower", True,
        "The same for what the model wrote, before the turn held back what no source carries.",
    ),
    "right_language": Measure(
        "Customer's language", "higher", True, "Answers in the language of the question."
    ),
    "words": Measure(
        "Length, words", "neither", False, "Words of the answer; Chinese is cut into words first."
    ),
    "seconds": Measure(
        "Seconds a turn", "lower", False, "From the question to the stored answer, one customer at a time."
    ),
}  # fmt: skip


def judge(case: Case, reply: Reply) -> dict[str, float | None]:
    """Every measure but the loss, by name."""
    said = CITATION.sub("", reply.answer)
    answered = reply.decision == "answer"
    judged: dict[str, float | None] = dict.fromkeys(MEASURES)
    judged["right_language"] = float(bool(said) and language_of(said) == case.language)
    judged["words"] = float(len(tokens(said)))
    judged["seconds"] = reply.seconds if reply.decision != "failed" else None
    if not case.gold:
        judged["abstention"] = float(not answered and reply.decision != "failed")
        return judged
    judged["rouge_l"] = rouge_l(said, case.reference)
    judged["chrf"] = chrf(said, case.reference)
    judged["facts_f1"] = facts_f1(said, case.reference)
    judged["citation_precision"], judged["citation_recall"] = _citation(case, reply)
    judged["over_refusal"] = float(not answered)
    judged["contradiction"] = _contradiction(said, case) if answered else None
    judged["contradiction_written"] = _contradiction(reply.written, case) if answered else None
    return judged


def facts_f1(said: str, reference: str) -> float | None:
    """F1 of figures and names, 0..1; None when neither text has any."""
    stated, wanted = facts(said), facts(reference)
    if not stated and not wanted:
        return None
    return 2 * len(stated & wanted) / (len(stated) + len(wanted))


def quality(judged: dict[str, float | None]) -> float:
    """One number to sort by, 0..1: silence where there is no answer, else likeness and the right source."""
    if judged["abstention"] is not None:
        return judged["abstention"]
    parts = [judged[name] for name in ("rouge_l", "chrf", "facts_f1", "citation_recall")]
    known = [part for part in parts if part is not None]
    return sum(known) / len(known)


def _citation(case: Case, reply: Reply) -> tuple[float | None, float]:
    right = [_carries(article, quote, case) for article, quote in reply.cited]
    return (sum(right) / len(right) if right else None), float(any(right))


def _carries(article: str, quote: str, case: Case) -> bool:
    assert case.gold
    if article == case.gold.article:
        return True
    passage = Passage("", article, "", "", quote, "", language_of(quote))
    return any(check_sentence(s, [passage], case.question).number for s in split_sentences(case.reference))


def _contradiction(said: str, case: Case) -> float:
    assert case.gold
    against = any(contradicts(s, case.gold) for s in split_sentences(CITATION.sub("", said)))
    return float(against or {opening(said), opening(case.reference)} == {"yes", "no"})
