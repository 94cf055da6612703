"""An answer while it is being written: each sentence is checked against the passages before it is shown."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chatbot.events import Citation, Decision
from chatbot.evidence import check_sentence, is_courtesy
from chatbot.extract import Ranked
from chatbot.prompt import CITATION
from chatbot.sentences import take_sentences
from chatbot.sources import sections
from chatbot.templates import Templates
from retrieval.passage import Hit, Passage
from retrieval.text import language_of, terms

MAX_SENTENCES = 8
COMPLETED_BY = 2  # of the best sentences of the sources: what the model has left out of them is added
# A source whose score is this near the best one's may as well be the right one: its best sentence is added
# too, when it answers this nearly as well as the best sentence of all. Of the 60 answerable sample questions
# this lets 47 instead of 46 cite the right article.
NEARLY = 0.1
AS_WELL = 0.3
SAID = 0.6  # share of a sentence's words after which it counts as said
QUOTED = 3  # sentences of the sources, when none of the model's stands
_ROLE = re.compile(r"\s*(customer|agent|客户|客服)\s*[:：]", re.IGNORECASE)
_ASKS = re.compile(r"[?？][\s\"”’)）]*(\[\d+\]\s*)*$")  # a question states nothing that a source could carry
# How a model says that the passages are silent, beyond the sentence it was taught.
_SILENT = re.compile(
    r"(could not|couldn't|did not|do not|cannot|can't) find (the|an|any)? ?(answer|information)|"
    r"passages? (do|does) not|not (mentioned|covered|stated) in the|"
    r"没有找到|未提及|没有提到|资料里没有|资料中没有",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """What the search knows of a question: sources, nearest past questions by article, best sentences.

    `likely`: the search alone is confident that the sources answer, so a model that finds nothing in them
    is not believed. Small models say so too readily; then the sources speak for themselves.
    """

    hits: Sequence[Hit] = ()
    near: Mapping[str, float] = field(default_factory=dict)
    sentences: Sequence[Ranked] = ()
    likely: bool = False


class Answer:
    """Collects the model's pieces, delivers the sentences that a passage carries, keeps what they cite."""

    def __init__(self, question: str, found: Found, language: str, templates: Templates) -> None:
        self.question = question
        self.passages = [hit.passage for hit in found.hits]
        self.language = language
        self.text = ""
        self.citations: list[Citation] = []
        self.decision: Decision = "answer"
        self.complete = False
        self._found = found
        self._templates = templates
        self._rest = ""
        self._seen: set[frozenset[str]] = set()
        self._held: list[str] = []

    def add(self, piece: str) -> list[str]:
        """Take the next piece of the model; return what can now be shown."""
        sentences, self._rest = take_sentences(self._rest + piece)
        return self._deliver(sentences)

    def finish(self) -> list[str]:
        """Take the end of the model's text; if nothing could be shown, say what is true instead."""
        shown = self._deliver([self._rest] if self._rest.strip() else [])
        self._rest = ""
        if self.citations:
            return [*shown, *self._complete()]
        return [*shown, *self._instead()]

    def say(self, template: str) -> str:
        """Answer with a curated sentence."""
        sentence = self._templates.answer(template, self.language)
        self.text += sentence
        return sentence

    def _deliver(self, sentences: list[str]) -> list[str]:
        shown = []
        for sentence in sentences:
            if self.complete:
                break
            if piece := self._judge(sentence):
                shown.append(piece)
        return shown

    def _judge(self, sentence: str) -> str:
        """The sentence with its citation, or "" when it may not be shown (yet)."""
        words = frozenset(terms(sentence))
        if _ROLE.match(sentence):  # the model goes on to play the customer
            self.complete = True
            return ""
        if _SILENT.search(sentence):
            self.complete = True
            if not self.citations and not self._found.likely:
                self.decision = "abstain"
            return ""
        if not words or words in self._seen or not self._speaks(sentence):
            # A small model that repeats itself never ends.
            self.complete = self.complete or words in self._seen
            return ""
        self._seen.add(words)
        if is_courtesy(sentence):
            self._held.append(CITATION.sub("", sentence).strip())  # shown only with a statement
            return ""
        evidence = check_sentence(sentence, self.passages, self.question)
        if not evidence.number or _ASKS.search(sentence):
            return ""
        return self._cite(CITATION.sub("", sentence).strip(), evidence.number)

    def _cite(self, sentence: str, number: int) -> str:
        self._remember(number, sentence)
        before = "".join(f"{held}{self._gap}" for held in self._held)
        self._held.clear()
        piece = f"{before}{sentence} [{number}]"
        if self.text:
            piece = self._gap + piece
        self.text += piece
        self.complete = len(self._seen) >= MAX_SENTENCES
        return piece

    def _remember(self, number: int, sentence: str) -> None:
        """Cite the section that says the sentence; a second section of a source is added to the first."""
        passage = self.passages[number - 1]
        heading, quote = max(sections(passage.text), key=lambda part: _shared(sentence, "\n".join(part)))
        cited = replace(citation(number, passage), heading=heading or passage.heading, quote=quote)
        for i, before in enumerate(self.citations):
            if before.n == number:
                if quote not in before.quote:
                    self.citations[i] = replace(before, quote=f"{before.quote}\n\n{quote}")
                return
        self.citations.append(cited)

    @property
    def _gap(self) -> str:
        return "" if self.language == "zh" else " "

    def _complete(self) -> list[str]:
        """Add what the best sources say best, where the model has left it out."""
        if self.decision != "answer":
            return []
        return [self._cite(ranked.text, ranked.number) for ranked in self._best() if not self._said(ranked)]

    def _best(self) -> list[Ranked]:
        """The best sentence of all, and that of each source that the search holds for nearly as good."""
        speaking = [ranked for ranked in self._found.sentences if self._speaks(ranked.text)]
        scores = [hit.score for hit in self._found.hits]
        near = {n for n, score in enumerate(scores, start=1) if score >= max(scores) - NEARLY}
        firsts: dict[int, Ranked] = {}
        for ranked in speaking:
            if ranked.number in near and ranked.score >= speaking[0].score - AS_WELL:
                firsts.setdefault(ranked.number, ranked)
        return list(dict.fromkeys([*speaking[:1], *firsts.values()]))[:COMPLETED_BY]

    def _said(self, ranked: Ranked) -> bool:
        words, said = set(terms(ranked.text)), set(terms(self.text))
        return not words or len(words & said) / len(words) >= SAID

    def _instead(self) -> list[str]:
        """The sources' own words, or that there are none, for a model that said nothing that stands."""
        if self.decision == "abstain" or not self.passages:
            self.decision = "abstain"
            return [self.say("abstain")]
        speaking = [ranked for ranked in self._found.sentences if self._speaks(ranked.text)]
        quotable = list(dict.fromkeys([*self._best(), *speaking]))[:QUOTED]
        if not quotable:
            self.citations.append(citation(1, self.passages[0]))
            return [self.say("other_language")]
        return [self._cite(ranked.text, ranked.number) for ranked in quotable]

    def _speaks(self, text: str) -> bool:
        return language_of(text) == self.language


def _shared(sentence: str, text: str) -> int:
    return len(set(terms(sentence)) & set(terms(text)))


def citation(n: int, passage: Passage) -> Citation:
    """The passage as it is cited: with its full text, so that it can be shown after a later re-indexing."""
    return Citation(
        n, passage.article, passage.title, passage.heading, passage.url, passage.text, passage.language
    )
