"""Who is spoken of in Chinese service talk, and what stands in the same places and is nobody."""

from __future__ import annotations

import pytest

from chatbot.privacy.slots_zh import find_in_slots


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("你们客服小雨昨天答应给我补发的", "小雨"),
        ("我女儿可欣不小心点了下单", "可欣"),
        ("业务员龙海没有给我收据", "龙海"),
        ("昨天和方婷聊过，她说可以退", "方婷"),
        ("转账给黎国栋，账号发你了", "黎国栋"),
        ("帮我查党小红的退款到了没", "党小红"),
        ("给曲靖波退这一单", "曲靖波"),
        ("谢谢你，晓彤！", "晓彤"),
        ("户主姬长安，已经实名了", "姬长安"),
        ("能不能让阿珍回我电话", "阿珍"),
        ("这个账号是孟繁星注册的", "孟繁星"),
        ("开头没有提示，宋佳怡的灯坏了", "宋佳怡"),
    ],
)
def test_who_is_spoken_of(text: str, name: str) -> None:
    assert name in set(find_in_slots(text))


@pytest.mark.parametrize(
    "text",
    [
        "客服电话一直打不通",
        "客服微信是多少，我加一下",
        "您好，我是客服小编，很高兴为您服务",
        "和商家沟通过了，给客户退款吧",
        "我哥哥姐姐都买了",
        "请尽快处理，谢谢配合！",
        "帮我查订单的物流信息",
        "给高清的图片，转账给平台",
        "师傅來裝，上門很快",
        "一件包邮，单件不能退",
        "请家人邻居代交，师傅姓什么不知道",
    ],
)
def test_what_is_no_person(text: str) -> None:
    assert set(find_in_slots(text)) == set()
