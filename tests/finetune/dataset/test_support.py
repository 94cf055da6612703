"""Of an agent's sentence only what the passage carries is kept, and only where it can stand alone."""

from __future__ import annotations

import pytest

from finetune.dataset.support import carried
from tests.finetune.search.searched import passage

LOST = passage(
    "en/lost", "My parcel is lost", "A parcel is declared lost after 10 business days without a scan."
)
LOST_ZH = passage("zh/lost", "包裹丢失", "包裹连续7天没有新的物流记录，我们就按丢失处理。")


def test_a_carried_sentence_is_kept_whole() -> None:
    said = "A parcel is declared lost after 10 business days without a scan."
    assert carried(said, LOST, "where is it") == (said, "")


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("A parcel is declared lost after 10 business days without a scan, so there are 4 more to go.",
         "A parcel is declared lost after 10 business days without a scan."),
        (
            "Heavy snow closed both roads to our big depot near the river this morning: "
            "a parcel is declared lost after 10 business days without a scan.",
         "A parcel is declared lost after 10 business days without a scan."),
    ],
)  # fmt: skip
def test_the_case_is_cut_from_the_rule(said: str, part: str) -> None:
    assert carried(said, LOST, "where is it")[0] == part


@pytest.mark.parametrize(
    "said",
    [
        "A parcel is declared lost after 12 business days without a scan.",
        "I have declared the parcel lost after 10 business days without a scan.",
        "The weather is lovely in our office today.",
        "A parcel is declared lost, but only after 14 days.",
    ],
)
def test_what_nobody_should_learn_is_not_kept(said: str) -> None:
    assert carried(said, LOST, "where is it")[0] == ""


def test_a_chinese_scrap_is_not_kept() -> None:
    assert carried("包裹丢失，您可以先去小区门口的快递柜看一看有没有。", LOST_ZH, "快递呢")[0] == ""
    assert carried("包裹连续7天没有新的物流记录，就按丢失处理。", LOST_ZH, "快递呢")[1] == ""
