"""The errors of fine-tuning: each message names what was wrong and what to do next."""


class FinetuneError(Exception):
    """Root of this package's errors."""


class LogsUnreadable(FinetuneError):
    """A support log holds nothing that can be read, or no column with the messages."""


class DatasetError(FinetuneError):
    """A data set cannot be made, or its folder is incomplete."""


class TrainingError(FinetuneError):
    """A run has nothing to train on, or its result cannot be used."""


class BadRecipe(TrainingError):
    """The options of a run cannot be used here or together, or are not those of the run to resume."""


class UnknownModel(FinetuneError):
    """A name that is no model version of this installation."""


class PublishedAlready(FinetuneError):
    """The version to publish is the published one."""


class QuestionsUnreadable(FinetuneError):
    """A file of test questions has a line that is none, or none at all."""


class ExportRefused(FinetuneError):
    """A model cannot be exported to that place, or its weights cannot be made smaller."""


class ReviewUnreadable(FinetuneError):
    """A line of the queue of examples to review cannot be read, or has a decision that is none."""


class ImportRefused(FinetuneError):
    """An imported log would replace something else, or another import is writing it."""


class PreferencesUnreadable(FinetuneError):
    """A file of preferences has a line that is none, or nothing that the chosen loss can compare."""


class PairsUnreadable(FinetuneError):
    """A file of labelled questions cannot be read, or there are none."""


class TooFewPairs(FinetuneError):
    """Too few questions have an article in the index to train on and to check."""


class NotBetter(FinetuneError):
    """What was tuned is not better with confidence on held-out questions; it was not written."""


class PackageMissing(FinetuneError):
    """A package that only training or measuring needs is not installed."""
