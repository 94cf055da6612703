"""The last turns of MTRAG as questions for `chatbot evaluate`: which have an answer, and which have none.

`python -m benchmarks.unanswerable FOLDER > questions.jsonl` takes a folder with its files, see
docs/default-model.md; its corpus.jsonl is what is to be ingested. Turns that ask for too little to be
answered are left out, and so are, without --partly, those that the passages answer in part.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ANSWERED, PARTLY, UNANSWERABLE = "ANSWERABLE", "PARTIAL", "UNANSWERABLE"


def questions(folder: Path, kinds: set[str]) -> Iterator[dict[str, Any]]:
    """Rows as finetune/evaluation/answers.py reads them; `article` is null where nothing answers."""
    with (folder / "dialogues.jsonl").open(encoding="utf-8") as lines:
        for talk in map(json.loads, lines):
            if talk["answerability"] in kinds:
                *history, last = talk["messages"]
                yield {
                    "id": talk["id"],
                    "language": "en",
                    "question": last["content"],
                    "history": history,
                    "article": None if talk["answerability"] == UNANSWERABLE else talk["knowledge_ids"],
                }


def main() -> None:
    """Write the questions to standard output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--partly", action="store_true", help="with those that are answered in part")
    asked = parser.parse_args()
    for row in questions(asked.folder, {ANSWERED, UNANSWERABLE} | ({PARTLY} if asked.partly else set())):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
