"""The packages that only training and measuring need, and what to type where one of them is not installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from finetune.errors import PackageMissing

TRAIN = ("datasets", "matplotlib", "optuna", "peft", "sacrebleu", "tensorboard", "trl")


def need(*names: str) -> None:
    """Raise PackageMissing if one of these is not installed, before work begins that would end there."""
    missing = [name for name in names if not find_spec(name)]
    if missing:
        raise missing_package(missing)


def missing_package(names: Sequence[str]) -> PackageMissing:
    """The error that says which packages this work needs besides."""
    told = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    verb = "is" if len(names) == 1 else "are"
    return PackageMissing(
        f"{told} {verb} not installed, and training and measuring need more packages than serving: "
        "type `pip install 'support-chatbot[train]'`, or `make finetune`, which installs them."
    )
