"""An answer while it is being written: each sentence is checked against the passages before it is shown."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chatbot.turn.decide import LIKELY, known
from chatbot.turn.events import Citation, Decision
from chatbot.turn.evidence import check_sentence, is_courtesy
from chatbot.turn.prompt import CITATION
from chatbot.turn.quote import Ranked, nearer_to, says
from chatbot.turn.search import sections
from chatbot.turn.sentences import take_sentences
from chatbot.turn.speech import SPEECH, either
from chatbot.turn.templates import Templates
from retrieval.articles.passage import Passage
from retrieval.languages.text import language_of, terms
from retrieval.search.hits import Hit

MAX_SENTENCES = 8
# What a model has left out is added from the sources, in their own words, up to so many sentences in all. The
# best one of each source whose score is this near the best source's comes first, as it may as well be the
# right one, when it answers this nearly as well as the best sentence of all; then those that are WORTH it.
SENTENCES = 3
NEARLY = 0.1
AS_WELL = 0.3
WORTH = 0.6  # at most so far below the best one
_ROLE = re.compile(rf"\s*(?:{either(one.role for one in SPEECH.values())})\s*[:：]", re.IGNORECASE)
_ASKS = re.compile(r"[?？][\s\"”’)）]*(\[\d+\]\s*)*$")  # a question states nothing that a source could carry
# How a model says that the passages are silent, beyond the sentence it was taught.
_SILENT = re.compile(either(one.silent for one in SPEECH.values()), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """What the search knows of a question: sources, nearest past questions by article, best sentences.

    `chance`, 0..1, is the search's own: from LIKELY on, a model that finds nothing in the sources is not
    believed. Small models say so too readily; then the sources speak for themselves.
    """

    hits: Sequence[Hit] = ()
    near: Mapping[str, float] = field(default_factory=dict)
    sentences: Sequence[Ranked] = ()
    chance: float = 0.0
    query: str = ""


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
        self._likely = found.chance >= LIKELY
        self._rest = ""
        self._seen: set[frozenset[str]] = set()
        self._held: list[str] = []
        self._draft: list[str] = []
        self._stated = 0

    def hear(self, evidence: float) -> None:
        """What the model's first token says for an answer, in nats: with the search's chance it decides."""
        self._likely = known(self._found.chance, evidence)
        if not self._likely:
            self.decision = "abstain"
            self.complete = True

    def add(self, piece: str) -> list[str]:
        """Take the next piece of the model; return what can now be shown."""
        sentences, self._rest = take_sentences(self._rest + piece)
        return self._deliver(sentences)

    def finish(self) -> list[str]:
        """Take the end of the model's text; if nothing could be shown, say what is true instead."""
        shown = self._deliver([self._rest] if self._rest.strip() else [])
        self._rest = ""
        if not self.citations and (self.decision == "abstain" or not self.passages):
            self.decision = "abstain"
            return [*shown, self.say("abstain")]
        shown += self._complete()
        if not self.citations:
            self.citations.append(citation(1, self.passages[0]))
            shown.append(self.say("other_language"))
        return shown

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
            if not self.citations and not self._likely:
                self.decision = "abstain"
            return ""
        if not words or words in self._seen or not self._speaks(sentence):
            # A small model that repeats itself never ends.
            self.complete = self.complete or words in self._seen
            return ""
        self._seen.add(words)
        self._draft.append(sentence)
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
        self._stated += 1
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
        """Add what the sources say best, where the model has left it out or said nothing that stands."""
        added = []
        for ranked in self._best():
            if self._stated >= SENTENCES:
                break
            if not says(self.text, ranked.text):
                added.append(self._cite(ranked.text, ranked.number))
        return added

    def _best(self) -> list[Ranked]:
        """The sentences worth saying: the best of each source that may be the right one, then the others."""
        ranked = nearer_to(self._draft, self.question, self._found.sentences)
        speaking = [one for one in ranked if self._speaks(one.text)]
        scores = [hit.score for hit in self._found.hits]
        near = {n for n, score in enumerate(scores, start=1) if score >= max(scores) - NEARLY}
        firsts: dict[int, Ranked] = {}
        for one in speaking:
            if one.number in near and one.score >= speaking[0].score - AS_WELL:
                firsts.setdefault(one.number, one)
        if len(near) == 1:  # one source stands out, and others have nothing to add to it
            speaking = [one for one in speaking if one.number in {*near, speaking[0].number}]
        worth = [one for one in speaking if one.score >= speaking[0].score - WORTH]
        return list(dict.fromkeys([*speaking[:1], *firsts.values(), *worth]))

    def _speaks(self, text: str) -> bool:
        return language_of(text) == self.language


def _shared(sentence: str, text: str) -> int:
    return len(set(terms(sentence)) & set(terms(text)))


def citation(n: int, passage: Passage) -> Citation:
    """The passage as it is cited: with its full text, so that it can be shown after a later re-indexing."""
    return Citation(
        n, passage.article, passage.title, passage.heading, passage.url, passage.text, passage.language
    )
