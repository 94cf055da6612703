"""Training and measuring need packages that serving does not, and say so where they are missing."""

from __future__ import annotations

import sys
import tomllib

import pytest

from finetune.errors import PackageMissing
from finetune.packages import TRAIN, need
from tests.house import ROOT, imports, modules


def test_they_are_what_the_extra_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {line.partition(">")[0] for line in project["optional-dependencies"]["train"]} == set(TRAIN)


def test_only_fine_tuning_imports_them() -> None:
    found = {
        (name, one.partition(".")[0])
        for name, path in modules().items()
        if not name.startswith("finetune")
        for one in imports(path.read_text(encoding="utf-8"), set(), name.partition(".")[0])
        if one.partition(".")[0] in TRAIN
    }
    assert found == {("chatbot.models.merge", "peft")}  # for adapters that are not plain: training makes them


def test_what_is_missing_is_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    need(*TRAIN)
    for name in ("trl", "peft", "datasets"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(PackageMissing) as told:
        need(*TRAIN)
    assert str(told.value).startswith("datasets, peft and trl are not installed")
    assert "`pip install 'support-chatbot[train]'`" in str(told.value)
    with pytest.raises(PackageMissing, match="peft is not installed"):
        need("peft", "sacrebleu")
