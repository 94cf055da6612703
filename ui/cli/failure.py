"""Which errors end a command with a sentence, and with which exit code; others show their traceback."""

from __future__ import annotations

from dataclasses import dataclass

from chatbot.errors import BadMessage, BadSettings, ChatbotError, ModelMissing, NothingPublished
from finetune.errors import (
    BadRecipe,
    ExportRefused,
    FinetuneError,
    ImportRefused,
    LogsUnreadable,
    PackageMissing,
    PairsUnreadable,
    PreferencesUnreadable,
    PublishedAlready,
    QuestionsUnreadable,
    ReviewUnreadable,
    TooFewPairs,
    UnknownModel,
)
from finetune.packages import TRAIN, missing_package
from retrieval.errors import (
    BadSynonyms,
    EmbedderMismatch,
    EmbedderUnavailable,
    IndexMissing,
    ModelDamaged,
    NothingToRead,
    RerankerUnavailable,
    RetrievalError,
    UnknownVersion,
)
from ui.errors import UiError

FAILED = 1  # the work itself failed
BAD_INPUT = 2  # other input, settings or packages would help
_ROOTS = (ChatbotError, RetrievalError, FinetuneError, UiError)
_BAD_INPUT = (
    BadMessage,
    BadSettings,
    ModelMissing,
    EmbedderMismatch,
    EmbedderUnavailable,
    ModelDamaged,
    RerankerUnavailable,
    PackageMissing,
    PairsUnreadable,
    TooFewPairs,
    IndexMissing,
    NothingToRead,
    BadSynonyms,
    UnknownVersion,
    LogsUnreadable,
    ExportRefused,
    PreferencesUnreadable,
    ImportRefused,
    QuestionsUnreadable,
    ReviewUnreadable,
    NothingPublished,
    PublishedAlready,
    UnknownModel,
    BadRecipe,
)
CODES: dict[type[Exception], int] = dict.fromkeys(_ROOTS, FAILED) | dict.fromkeys(_BAD_INPUT, BAD_INPUT)


@dataclass(frozen=True, slots=True)
class Failure:
    """How a command ends: with a sentence for people and a code for programs."""

    sentence: str
    code: int


def failure_of(error: Exception) -> Failure | None:
    """The end that this error makes; None for one that the program does not know."""
    if isinstance(error, ModuleNotFoundError) and (name := str(error.name).partition(".")[0]) in TRAIN:
        error = missing_package([name])
    known = next((kind for kind in type(error).__mro__ if kind in CODES), None)
    return Failure(str(error), CODES[known]) if known else None
