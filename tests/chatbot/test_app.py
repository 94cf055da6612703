"""A turn from message to stored answer, with a real index and store and a model that follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatbot.app import Chat, collect
from chatbot.engines.scripted import ScriptedEngine
from chatbot.errors import BadMessage, MessageTooLong, UnknownConversation
from chatbot.models.abstention import AbstentionPrior, FirstTokens
from chatbot.settings import load_settings
from chatbot.store.sqlite import SqliteStore
from chatbot.turn.events import Done, Event, Failed, Sources, Text, Turn
from retrieval.index import Index
from retrieval.ingest import ingest
from tests.retrieval.hashing import HashingEmbedder

ARTICLES = {
    "refunds.md": "---\ntitle: Refunds\nurl: https://shop.example/refunds\n---\n\n# Refunds\n\n"
    "A refund reaches you within 5 business days. It goes back to the card, account or gift card that you "
    "paid with, and an e-mail tells you when it is on its way.\n\n## Sale items\n\n"
    "Final sale items cannot be refunded. "
    "The product page and the basket carry a red label when an item is sold under these terms for good.\n",
    "shipping.md": "# Shipping costs\n\nStandard shipping costs $5.95 per order.\n",
    "tuikuan.md": "# 退款多久到账\n\n退款会在5个工作日内到账。\n",
}
QUESTION = "How many business days until a refund reaches me?"
SURE = "Within how many business days a refund reaches you on the card, account or gift card you paid with?"
VAGUE = "How do refunds work?"  # the search finds something, and is not sure of it


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    articles = tmp_path_factory.mktemp("articles")
    for name, text in ARTICLES.items():
        (articles / name).write_text(text, encoding="utf-8")
    folder = tmp_path_factory.mktemp("index")
    ingest([articles], folder, HashingEmbedder())
    return Index.open(folder, HashingEmbedder())


@pytest.fixture
def make(index: Index, tmp_path: Path) -> Iterator[Callable[..., Chat]]:
    stores: list[SqliteStore] = []

    def make(*replies: str, **options: object) -> Chat:
        settings = load_settings(home=tmp_path)
        stores.append(SqliteStore(settings.database))
        return Chat(index, ScriptedEngine(list(replies), **options), stores[-1], settings)

    yield make
    for store in stores:
        store.close()


def ask(chat: Chat, text: str, conversation: str = "") -> Turn:
    last = collect_last(chat, text, conversation)
    assert isinstance(last, Done)
    return last.turn


def collect_last(chat: Chat, text: str, conversation: str = "") -> Done | Failed:
    return asyncio.run(collect(chat.reply(conversation or chat.new_conversation("test"), text)))[1]


def events(chat: Chat, text: str) -> list[Event]:
    async def gather() -> list[Event]:
        return [event async for event in chat.reply(chat.new_conversation("test"), text)]

    return asyncio.run(gather())


def test_an_answer_is_streamed_cited_and_stored(make: Callable[..., Chat]) -> None:
    chat = make("A refund reaches you within 5 business days. [1]")
    happened = events(chat, QUESTION)
    assert isinstance(happened[0], Sources)
    assert "".join(e.piece for e in happened if isinstance(e, Text)) == happened[-1].turn.answer
    turn = happened[-1].turn
    assert turn.decision == "answer"
    assert [c.article for c in turn.citations] == ["refunds"]
    assert turn.citations[0].quote.startswith("A refund reaches you")
    assert turn.citations[0].url == "https://shop.example/refunds"
    trace = chat.store.trace(turn.id)
    assert trace["hits"][0]["passage"]["article"] == "refunds"
    assert trace["model"] == "scripted@1"
    assert {"search", "generate", "total"} <= turn.timings.keys()


def test_a_wrong_figure_never_reaches_the_customer(make: Callable[..., Chat]) -> None:
    turn = ask(make("A refund reaches you within 9 business days. [1]"), QUESTION)
    assert "9" not in turn.answer
    assert "within 5 business days" in turn.answer, "the passage's own words stand in"
    assert turn.decision == "answer"


def test_an_unsupported_sentence_is_left_out(make: Callable[..., Chat]) -> None:
    turn = ask(make("A refund reaches you within 5 business days. We also send a free llama."), QUESTION)
    assert "llama" not in turn.answer
    assert "5 business days" in turn.answer


def test_a_question_of_the_model_is_no_answer(make: Callable[..., Chat]) -> None:
    turn = ask(make("Does a refund reach you within 5 business days? [1]"), QUESTION)
    assert "?" not in turn.answer
    assert "A refund reaches you within 5 business days." in turn.answer


def test_the_citation_is_the_section_that_says_it(make: Callable[..., Chat]) -> None:
    turn = ask(make("Final sale items cannot be refunded. [1]"), "Can final sale items be refunded?")
    assert [c.heading for c in turn.citations] == ["Sale items"]
    assert turn.citations[0].quote.startswith("Final sale items cannot be refunded.")


def test_a_model_that_finds_nothing_leads_to_an_honest_no(make: Callable[..., Chat]) -> None:
    turn = ask(make("I could not find the answer to this in our help articles."), VAGUE)
    assert turn.decision == "abstain"
    assert "agent" in turn.answer
    assert turn.citations == []


def test_a_model_that_finds_nothing_where_the_search_is_sure_is_not_believed(
    make: Callable[..., Chat],
) -> None:
    turn = ask(make("I could not find the answer to this in our help articles."), SURE)
    assert turn.decision == "answer"
    assert turn.answer.startswith("A refund reaches you within 5 business days. [1]")
    assert "could not find" not in turn.answer


def test_yes_to_the_offer_hands_over(make: Callable[..., Chat]) -> None:
    chat = make("I could not find the answer to this in our help articles.")
    conversation = chat.new_conversation("test")
    assert ask(chat, VAGUE, conversation).decision == "abstain"
    assert ask(chat, "yes please", conversation).decision == "handoff"
    assert chat.store.thread(conversation).owner == "human"


def test_a_question_about_nothing_known_is_not_generated(make: Callable[..., Chat]) -> None:
    chat = make("Bananas are yellow. [1]")
    assert ask(chat, "Which recipe for banana bread tastes best?").decision == "abstain"
    assert chat.engine.generations == 0


@pytest.mark.parametrize(
    ("text", "decision", "language"),
    [
        ("Hi there!", "template", "en"),
        ("您好", "template", "zh"),
        ("转人工", "handoff", "zh"),
        ("???", "clarify", "en"),
    ],
)
def test_messages_that_need_no_model(
    make: Callable[..., Chat], text: str, decision: str, language: str
) -> None:
    chat = make()
    turn = ask(chat, text)
    assert (turn.decision, turn.language) == (decision, language)
    assert chat.engine.generations == 0


def test_the_answer_is_in_the_customers_language(make: Callable[..., Chat]) -> None:
    turn = ask(make("退款会在5个工作日内到账。[1]"), "退款多久到账？")
    assert turn.language == "zh"
    assert turn.answer == "退款会在5个工作日内到账。 [1]"
    wrong = ask(make("A refund reaches you within 5 business days. [1]"), "退款多久到账？")
    assert wrong.answer.startswith("退款会在5个工作日内到账")


def test_a_bare_follow_up_is_no_riddle(make: Callable[..., Chat]) -> None:
    chat = make(*["A refund reaches you within 5 business days. [1]"] * 2)
    assert ask(chat, "and when?").decision == "clarify"
    conversation = chat.new_conversation("test")
    ask(chat, QUESTION, conversation)
    turn = ask(chat, "and when?", conversation)
    assert turn.decision == "answer"
    assert turn.query == f"{QUESTION}\nand when?"
    assert ask(chat, "???", conversation).decision == "clarify"


def test_a_follow_up_reaches_model_and_search_with_its_history(make: Callable[..., Chat]) -> None:
    chat = make(
        "A refund reaches you within 5 business days. [1]", "Final sale items cannot be refunded. [1]"
    )
    conversation = chat.new_conversation("test")
    ask(chat, QUESTION, conversation)
    turn = ask(chat, "And for sale items?", conversation)
    assert turn.query == f"{QUESTION}\nAnd for sale items?"
    sent = chat.engine.requests[-1]
    assert [m["role"] for m in sent] == ["system", "user", "assistant", "user"]
    assert "[1]" not in sent[2]["content"], "numbers of another turn's passages are left out"


def test_stopping_stops_the_model_and_keeps_what_was_said(make: Callable[..., Chat]) -> None:
    chat = make(
        "A refund reaches you within 5 business days. Final sale items cannot be refunded.", delay=0.01
    )
    conversation = chat.new_conversation("test")

    async def stop_after_first_text() -> None:
        reply = chat.reply(conversation, QUESTION)
        async for event in reply:
            if isinstance(event, Text):
                break
        await reply.aclose()

    asyncio.run(stop_after_first_text())
    (turn,) = chat.store.thread(conversation).turns
    assert turn.status == "stopped"
    assert "5 business days" in turn.answer
    assert chat.engine.cancelled == 1


def test_a_broken_engine_is_told_and_stored(make: Callable[..., Chat]) -> None:
    chat = make("A refund reaches you within 5 business days. Then it is over.", fail_after=9)
    conversation = chat.new_conversation("test")
    last = collect_last(chat, QUESTION, conversation)
    assert isinstance(last, Failed)
    assert last.code == "engine_failed"
    (turn,) = chat.store.thread(conversation).turns
    assert turn.status == "failed"
    assert turn.question == QUESTION


def test_bad_messages_are_refused_and_leave_no_turn(make: Callable[..., Chat]) -> None:
    chat = make()
    conversation = chat.new_conversation("test")
    with pytest.raises(BadMessage):
        ask(chat, "   ", conversation)
    with pytest.raises(MessageTooLong):
        ask(chat, "a" * 1_000_000, conversation)
    with pytest.raises(UnknownConversation):
        ask(chat, "hello", "nobody")
    assert chat.store.thread(conversation).turns == []


def test_many_conversations_at_once(make: Callable[..., Chat]) -> None:
    chat = make("A refund reaches you within 5 business days. [1]", delay=0.002)

    async def all_at_once() -> list[Done | Failed]:
        replies = [collect(chat.reply(chat.new_conversation("test"), QUESTION)) for _ in range(20)]
        return [last for _, last in await asyncio.gather(*replies)]

    assert all(
        isinstance(last, Done) and "5 business days" in last.turn.answer
        for last in asyncio.run(all_at_once())
    )


def test_once_a_human_owns_the_conversation_the_bot_only_takes_notes(make: Callable[..., Chat]) -> None:
    chat = make("A refund reaches you within 5 business days. [1]")
    conversation = chat.new_conversation("test")
    ask(chat, "agent", conversation)
    turn = ask(chat, QUESTION, conversation)
    assert (turn.decision, chat.engine.generations) == ("handoff", 0)
    assert "colleague" in turn.answer
    assert chat.store.trace(turn.id)["hits"] == []  # and nothing is searched for it


def test_a_model_that_plays_the_customer_is_cut_off(make: Callable[..., Chat]) -> None:
    turn = ask(
        make("A refund reaches you within 5 business days. [1]\nCustomer: Refund refund? [1]"), QUESTION
    )
    assert "Customer" not in turn.answer


def test_half_a_surrogate_pair_is_taken(make: Callable[..., Chat]) -> None:
    assert ask(make(), "hello \ud800").question == "hello ?"


@pytest.mark.parametrize(("silent", "decision"), [(0.95, "abstain"), (0.01, "answer")])
def test_a_first_token_whose_meaning_was_measured_is_heard(
    make: Callable[..., Chat], silent: float, decision: str
) -> None:
    """VAGUE is a question of which the search alone would not believe that there is no answer, or that is."""
    chat = make("A refund reaches you within 5 business days. [1]")
    chat.engine.abstention_prior = AbstentionPrior(weight=1.0, bias=-1.0)
    chat.engine.first = FirstTokens({"I": silent, "A": 1 - silent})
    turn = ask(chat, VAGUE)
    assert turn.decision == decision
    assert bool(turn.citations) == (decision == "answer")
    assert chat.store.trace(turn.id)["status"] == "done"
    assert chat.engine.finished + chat.engine.cancelled == 1
