"""Personal data in many forms is replaced, what only looks like it stays."""

from __future__ import annotations

import pytest

from chatbot.privacy.redact import Memory, public_values, redact
from chatbot.privacy.rules import RedactionRules
from finetune.logs.conversation import Conversation, Utterance
from finetune.logs.redacted import redact_conversation

FORMS = {
    "email": ["a.b+c@mail.example.co.uk", "mila_99@example.com", "邮箱qiu@example.org收", "X@Y-Z.example"],
    "phone": ["+1-555-0119", "555-0134", "555 0163", "(555) 010-9999", "+44 20 7946 0958", "13912345678",
              "182-6044-3915", "139 1120 8834", "电话13912345678", "my phone is 5550123", "0571-88123456"],
    "card": ["4242 4242 4242 4242", "4242424242424242", "5555-5555-5555-4444", "3782 822463 10005",
             "卡号6222 0212 3456 7890", "visa ending in 4444", "尾号4471"],
    "id": ["320105200101016677", "33010819920315002X", "078-05-1120", "98-7650123", "91330100MA27XPQ40K",
           "passport number X1234567", "护照号E12345678"],
    "order": ["WW-2048817", "ww-2048817", "订单WW-2287734发了没", "order #AB-99812345", "CM-40771",
              "order number 7712345", "单号SF1234567890"],
    "ip": ["192.168.10.254", "from 8.8.8.8,", "2001:db8:85a3:0:0:8a2e:370:7334"],
    "link": ["https://shop.example/r?token=abc123", "https://shop.example/reset/9f8e7d6c5b4a3f2e1d0c9b8a",
             "http://x.example/a?x=1&session=77"],
    "giftcard": ["GC-7F3K-9Q2M", "gc-4b8t-2m7x", "gift card code 7F3K-9Q2M-11ZZ", "礼品卡GC-4M8T-2K6P"],
    "address": ["8 Tannery Row, Unit 12", "1450 Tamarack Blvd", "212 Quarry Lane",
                "19 Windmill Hill, Orrin",
                "4 Harbour View, Flat 9, Tolland", "12 park road", "Rua das Oliveiras 18, Évora",
                "Storgata 44",
                "武汉市洪山区珞喻路312号", "浙江省杭州市余杭区文一西路9988号3幢1201", "P.O. Box 118",
                "广州天河区体育西路191号", "北京市朝阳区望京西路甲50号"],
    "reference": ["the RRN is 430188276514", "参考号（RRN）302215847766"],
    "birthday": ["born 4 May 1979", "date of birth: 1979-05-04", "生日是1990年3月2日"],
    "account": ["微信号abc_12345", "加V：fast-loan888"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, forms in FORMS.items() for text in forms])
def test_each_form_is_replaced(kind: str, text: str) -> None:
    memory = Memory()
    clean = redact(f"so {text} ok" if text.isascii() else text, memory)
    assert f"[{kind}-1]" in clean
    assert memory.counts == {kind: 1}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hello, my name is Olwen Pritchard", "Olwen"),
        ("Hi this is Gwen Tarrant. parcel stuck", "Tarrant"),
        ("Solveig Amundsen here, my plates arrived smashed", "Solveig"),
        ("Could you help? Kind regards, Marcus Brindle", "Marcus"),
        ("ok thanks, Mireille", "Mireille"),
        ("Mrs Edith Marlow called", "Edith"),
        ("Dear Ms Voss, yes you can.", "Voss"),
        ("Hi Dana, please give it a moment", "Dana"),
        ("Sorry Bram, a colour can only be changed", "Bram"),
        ("12 stools it is then! - Rosalind, The Copper Spoon cafe", "Rosalind"),
        ("return it. Beatriz Coelho, WW-3907741, bea@example.com", "Beatriz"),
        ("Lorna, WW-5409182", "Lorna"),
        ("(Prosper Lindqvist, +1-555-0128)", "Prosper"),
        ("where is it? Ottoline Pask is the name.", "Pask"),
        ("call me Jean-Luc O'Brien", "O'Brien"),
        ("我叫何伟 电话186-5521-0093", "何伟"),
        ("收件人周芸 139-1120-8834", "周芸"),
        ("张建国 131-5730-2241", "张建国"),
        ("何先生，已登记", "何先生"),
        ("联系人：欧阳明月，谢谢", "欧阳明月"),
        ("199-0045-7788 周女士", "周女士"),
        ("我是嘉禾设计的刘工 邮箱a@b.example", "刘工"),
    ],
)
def test_names_are_found_by_what_stands_around_them(text: str, name: str) -> None:
    clean = redact(text, Memory())
    assert name not in clean
    assert "[name-1]" in clean


@pytest.mark.parametrize(
    "text",
    [
        "Standard shipping costs $5.95 and is free from $60.",
        "Orders from $120 to $2,000 in 4 instalments",
        "between 1000-2000 dollars",
        "面额50-3000元，3000-5000元的要预约",
        "Glowmate lamps need 2.4 GHz Wi-Fi, firmware 2.4.1 or 10.2.3",
        "on 2024-06-03 or 3 May 2025 or 2025/03/02",
        "from 2023-2024 to 2025",
        "open Monday to Friday from 9 to 5, 8 am-10 pm",
        "My Orders > Return item, then Order Lookup",
        "I'm fuming. It's broken. This is Great.",
        "Hi there! Thanks, Perfect. Ok Thanks",
        "Is the Alder & Oak table in the Final sale? Thanks",
        "What order limits are there? My order total was 59.99",
        "the Quill desk, model QD-71, 46 kg, 180 x 90 cm",
        "Gold members get 45 days. Welcome to the Wick Club!",
        "签收后7天内，3-5个工作日，9:00-22:00，200度烤1小时",
        "芯享会会员、金卡、高级客服都可以，我是金卡会员",
        "谢谢小姐姐，师傅会先打电话，老师傅也行",
        "买10件及以上可以享受92折，运费12元，满99元包邮",
        "https://shop.example/help/en/returns/refund-time",
        "Changing your e-mail address | How long delivery takes",
        "Do I need identification at a pick-up point? Yes, please bring an ID.",
        "Where is the rest, did the driver rob me? Can someone help?",
    ],
)
def test_what_only_looks_personal_stays(text: str) -> None:
    memory = Memory()
    assert redact(text, memory) == text
    assert not memory.counts


def test_the_same_value_keeps_its_surrogate_and_another_gets_the_next() -> None:
    memory = Memory()
    assert redact("WW-2048817 and a@b.example", memory) == "[order-1] and [email-1]"
    assert redact("c@d.example asks about ww-2048817", memory) == "[email-2] asks about [order-1]"
    assert redact("call 555-0134 or (555) 0134", memory).count("[phone-1]") == 2
    assert memory.counts == {"order": 2, "email": 2, "phone": 2}


def test_redacting_twice_changes_nothing_more() -> None:
    memory = Memory()
    once = redact("Hi Dana, order WW-2048817 goes to 8 Tannery Row, call 555-0134", memory)
    assert redact(once, memory) == once


def test_the_order_pattern_is_a_setting() -> None:
    assert (
        redact("where is zz99?", Memory(RedactionRules(order_number=r"\bzz\d\d\b"))) == "where is [order-1]?"
    )


def test_what_the_help_articles_print_is_public() -> None:
    public = public_values(["Write to trade@shop.example or call 1-555-0142. 热线400-000-0142"])
    memory = Memory(RedactionRules().knowing(public))
    text = "mail trade@shop.example or 1-555-0142, 电话400-000-0142, not me@home.example"
    assert redact(text, memory) == text.replace("me@home.example", "[email-1]")


def test_a_conversation_shares_one_memory_and_names_found_late_are_replaced_early() -> None:
    said = (
        Utterance("customer", "Is Kofi still the name on it?"),
        Utterance("agent", "Maya here, which order?", author="Maya"),
        Utterance("customer", "my name is Kofi Mensah, WW-5120338"),
        Utterance("agent", "Thanks Kofi, WW-5120338 is on its way. Yours, Maya", author="Maya"),
    )
    memory = Memory()
    clean = redact_conversation(Conversation("1", "c", None, "en", "", None, "", said), memory)
    assert [m.text for m in clean.messages] == [
        "Is [name-2] still the name on it?",
        "[name-1] here, which order?",
        "my name is [name-2], [order-1]",
        "Thanks [name-2], [order-1] is on its way. Yours, [name-1]",
    ]
    assert {m.author for m in clean.messages} == {""}
    assert memory.counts["order"] == 2


def test_a_title_goes_with_its_name() -> None:
    memory = Memory()
    assert (
        redact("Dear Mrs Kowalczyk, this is Dr. Priyanka Raman.", memory)
        == "Dear [name-1], this is [name-2]."
    )
    assert redact("Kowalczyk again.", memory) == "[name-1] again."
