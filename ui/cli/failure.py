"""Which errors end a command with a sentence, and with which exit code."""

from __future__ import annotations

from chatbot.errors import BadMessage, BadSettings, ChatbotError, ModelMissing, NothingPublished
from finetune.errors import (
    BadRecipe,
    ExportRefused,
    FinetuneError,
    ImportRefused,
    LogsUnreadable,
    PairsUnreadable,
    PreferencesUnreadable,
    PublishedAlready,
    QuestionsUnreadable,
    ReviewUnreadable,
    TooFewPairs,
    UnknownModel,
)
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

BAD_INPUT = (
    BadMessage,
    BadSettings,
    ModelMissing,
    EmbedderMismatch,
    EmbedderUnavailable,
    ModelDamaged,
    RerankerUnavailable,
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


def known_errors() -> tuple[type[Exception], ...]:
    """The roots of the packages' error trees."""
    return (ChatbotError, RetrievalError, FinetuneError, UiError)


def code_of(error: Exception) -> int:
    """2 when other input or settings would help, 1 when the work itself failed."""
    return 2 if isinstance(error, BAD_INPUT) else 1
