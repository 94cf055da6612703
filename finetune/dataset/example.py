"""One training example: a question with its passages and the answer a good agent gave from them."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from chatbot.turn.message import Message
from chatbot.turn.prompt import ABSTENTION, build_messages
from retrieval.articles.passage import Passage

TWIN = "-none"  # ends the id of a question that lost the article which answers it


@dataclass(frozen=True, slots=True)
class Example:
    """`gold` is the number (from 1) of the passage the answer rests on; 0: no passage answers it.

    `group` is the customer's pseudonym, `channel` how the customer came ("chat", "email"), "" when unknown.
    """

    id: str
    language: str
    question: str
    answer: str
    passages: tuple[Passage, ...]
    gold: int
    history: tuple[Message, ...] = ()
    source: str = ""
    group: str = field(default="", compare=False)
    channel: str = field(default="", compare=False)

    @property
    def messages(self) -> list[dict[str, str]]:
        """What the model reads: exactly the messages a live turn would send."""
        return build_messages(self.question, self.history, self.passages, self.language)

    @property
    def target(self) -> str:
        """What the model shall write: the answer with its citation, or that there is none."""
        if not self.gold:
            return ABSTENTION[self.language]
        answer = re.sub(r"\s+", " ", self.answer).strip()
        return f"{answer} [{self.gold}]"


@dataclass(frozen=True, slots=True)
class Dropped:
    """Why there is no example. `doubtful`: a passage says otherwise, which is worth a person's look."""

    reason: str
    doubtful: bool = False


def write(examples: Iterable[Example], path: Path) -> int:
    """Write one JSON object a line; returns how many."""
    rows = [json.dumps(asdict(example), ensure_ascii=False) + "\n" for example in examples]
    path.write_text("".join(rows), encoding="utf-8")
    return len(rows)


def read(path: Path) -> Iterator[Example]:
    """Examples as `write` left them."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            row["passages"] = tuple(Passage(**{**p, "tags": tuple(p["tags"])}) for p in row["passages"])
            row["history"] = tuple(Message(**m) for m in row["history"])
            yield Example(**row)
