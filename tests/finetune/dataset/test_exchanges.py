"""The real question and the answer that resolved it are found; everything else is counted by reason."""

from __future__ import annotations

from collections import Counter

import pytest

from finetune.dataset.exchanges import Exchange, exchanges
from finetune.logs.conversation import Conversation, Utterance


def talk(*said: str, status: str = "resolved", rating: float | None = None) -> Conversation:
    """Lines that begin with "C " are the customer's, with "A " the agent's."""
    messages = tuple(Utterance("customer" if line[0] == "C" else "agent", line[2:]) for line in said)
    return Conversation("T1", "c1", None, "en", status, rating, "", messages)


def found(conversation: Conversation) -> tuple[list[Exchange], Counter[str]]:
    drops: Counter[str] = Counter()
    return list(exchanges(conversation, drops)), drops


ANSWER = "A Hi there! Refunds go back to your card within 5 business days after the check. Enjoy your day!"


def test_greetings_go_and_split_messages_are_joined() -> None:
    (one,), _ = found(
        talk("C hello", "C my toaster went back last week", "C wheres my money??", ANSWER, "C thx")
    )
    assert one.question == "my toaster went back last week. wheres my money??"
    assert one.sentences == ("Refunds go back to your card within 5 business days after the check.",)
    assert one.customer_id == "c1"


def test_the_question_is_the_second_message_when_the_first_is_a_greeting() -> None:
    (one,), _ = found(talk("C hi!", "A Hello, how can I help?", "C how long does a refund take", ANSWER))
    assert (one.question, one.history) == ("how long does a refund take", ())


def test_let_me_check_is_not_the_answer() -> None:
    (one,), _ = found(
        talk(
            "C where is my refund for the lamp",
            "A Which order is it, please?",
            "C [order-1]",
            "A One moment.",
            ANSWER,
        )
    )
    assert one.question == "where is my refund for the lamp"
    assert one.sentences[0].startswith("Refunds go back")


def test_a_follow_up_has_the_history_and_chatter_is_none() -> None:
    both, drops = found(
        talk("C how long does a refund take", ANSWER, "C and to which card?",
             "A Yes, we always refund to the card you paid with.", "C ok great", "A You are welcome!")
    )  # fmt: skip
    assert [c.question for c in both] == ["how long does a refund take", "and to which card?"]
    assert [m.role for m in both[1].history] == ["user", "assistant"]
    assert not +drops


@pytest.mark.parametrize(
    ("conversation", "reason"),
    [
        (talk("C how long does a refund take", ANSWER, rating=2), "badly rated"),
        (talk("C how long does a refund take", ANSWER, status="unresolved"), "unresolved"),
        (talk("C hi", "A Hello?"), "no question"),
        (talk("C how long does a refund take", ANSWER, "C ??? the page says 10"), "the customer objected"),
        (talk("C how long does a refund take", "A Please check our site for all refunds."), "vague"),
        (talk("C how long does a refund take", "A $5."), "too short"),
        (
            talk("C how long does a refund take", f"A {'Refunds take 5 business days or longer. ' * 30}"),
            "too long",
        ),
        (talk("C ¿cuánto tarda el envío desde Madrid?", ANSWER), "wrong language"),
        (talk("C 退款多久到账啊", ANSWER), "wrong language"),
        (talk("C refund", ANSWER), "vague question"),
        (talk("C how long does a refund take", "A Can you tell me the order number?"), "no decisive answer"),
    ],
)
def test_what_teaches_nothing_is_counted(conversation: Conversation, reason: str) -> None:
    kept, drops = found(conversation)
    assert not kept
    assert drops[reason] == 1


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "do the mugs survive the microwave",
            "I can't find anything about that in our pages. I've asked the buyer.",
        ),
        (
            "do you engrave boards",
            "There is nothing about engraving in our articles; I passed it to the product team.",
        ),
        ("沙发能定制尺寸吗，想要两米的", "这个资料里没有写，我已经转给产品同事确认。"),
    ],
)
def test_an_honest_i_do_not_know_is_kept_even_unresolved(question: str, answer: str) -> None:
    (one,), _ = found(talk(f"C {question}", f"A {answer}", status="unresolved", rating=4))
    assert one.silent
