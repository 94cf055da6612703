"""Near repetitions are recognised, and different questions are not taken for one."""

from __future__ import annotations

import pytest

from finetune.dataset.duplicates import Seen


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("满多少包邮", "请问满多少包邮呀", True),
        (
            "sent back a mirror, you got it friday. refund??",
            "hi sent back a mirror, you got it on friday. refund?",
            True,
        ),
        ("how long does a refund take", "how long does delivery take", False),
        ("can I return a candle", "can I return a mattress", False),
        ("退款多久到账", "退货怎么申请", False),
    ],
)
def test_alike(one: str, other: str, same: bool) -> None:
    seen = Seen()
    assert not seen.twice(one)
    assert seen.twice(other) is same
