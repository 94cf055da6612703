"""From a past conversation to its exchanges: what was really asked, and the answer that resolved it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chatbot.privacy.spans import SURROGATE
from chatbot.turn.message import Message
from chatbot.turn.prompt import HISTORY_TURNS
from finetune.logs.clean import answer_sentences, question_of
from finetune.logs.conversation import Conversation
from retrieval.languages.text import language_of, terms


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LOW_RATING = 2
SHORTEST = {"en": 3, "zh": 3}  # content words of an answer
LONGEST = {"en": 600, "zh": 250}  # characters of an answer or a question
MIN_QUESTION = 2  # content words

_FAILED = _words(
    """
    unresolved abandoned closed_unresolved failed spam 未解决 放弃 已放弃 无效
    """
)
_SILENT = re.compile(
    r"(?:nothing (?:about|on|in|for)|no (?:information|rule|list|details?|mention|colour codes|documents|"
    r"test report)|"
    r"(?:can['’]?t|cannot|couldn['’]t|could not|don['’]t|do not|haven['’]t|doesn['’]t|didn['’]t|isn['’]t|"
    r"not) "
    r"(?:find|know|come across|state|list|mention|say yes|cover|have (?:any|a|documents)|want to (?:guess|"
    r"promise)|see any)|"
    r"(?:isn['’]t|is not|not|nothing) (?:anything )?(?:in|described|mentioned|covered|stated)|i wish i "
    r"(?:knew|could)|one i can['’]t answer|"
    r"资料里?没有|没有写|没写|查不到|没有?查到|查不出|没有.{0,12}(?:说明|信息|资料|介绍|渠道|资料)|不掌握|"
    r"没有提到|文章里没有|不敢随便|不能乱答|不确定|不知道准确|不能凭空)",
    re.IGNORECASE,
)
_PASSED_ON = re.compile(
    r"\b(?:pass(?:ed)?|ask(?:ed)?|forward(?:ed)?|hand(?:ed)?|with the|sent (?:him|her|them)|escalated|get "
    r"back|mail you)\b|转给|转交|转到|问一下|确认后|反馈|提交给|请产品|帮您问|转",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"(?:see|check|visit|consult|read) (?:our|the) (?:site|website|page|faq|terms|help|conditions)|terms "
    r"and conditions (?:apply|may)|"
    r"all information is|subject to terms|it depends\W*$|try again later\W*$|"
    r"(?:看|查看|关注|参考).{0,4}(?:帮助中心|官网|公告|页面)|以(?:页面|实际|官网).{0,6}为准|看快递",
    re.IGNORECASE,
)
_ASKS_BACK = re.compile(r"[?？]\s*$")
_STALL = re.compile(
    r"one moment|let me (?:check|look|see|open)|give me a (?:second|moment)|looking into|i['’]m here|稍等|"
    r"我看下|查一下|帮您查|请讲|请问",
    re.IGNORECASE,
)
_UNHAPPY = re.compile(
    r"\?{3,}|？{2,}|！{3,}|wrong|not true|nonsense|useless|rude|ridiculous|unbelievable|never again|no "
    r"help|zero help|"
    r"the (?:page|site|receipt|app|leaflet|box|faq|slip|packing slip)\b.{0,25}\b(?:says?|said|speaks)|"
    r"(?:that|this)(?: is|['’]s)? not what|i asked|already (?:did|tried)|guessing|contradicts|are you "
    r"sure|you people|"
    r"不靠谱|骗人|什么态度|投诉你|差评|答非所问|我问的是|写的|页面写|说明书|无语|牛头不对|敷衍",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"[?？]|^(?:and |so |but |ok(?:ay)? (?:and |so )?)?(?:what|when|where|who|why|how|which|can|could|do|"
    r"does|did|is|are|was|will|"
    r"would|should|may|need|must)\b|吗|呢|怎么|多久|多少|几天|哪|什么|能不能|可以.{0,8}不|行不|不\s*$|咋|"
    r"啥|如何|要不要|有没有",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with the answer that resolved it; `silent`: the agent honestly had none."""

    id: str
    language: str
    question: str
    sentences: tuple[str, ...]
    history: tuple[Message, ...]
    customer_id: str
    at: datetime | None
    linked_article: str
    silent: bool = False
    source: str = "log"
    channel: str = ""


def exchanges(conversation: Conversation, drops: Counter[str]) -> Iterator[Exchange]:
    """Exchanges of a redacted conversation; what is left out is counted by reason.

    A conversation in which the agent honestly had no answer is kept even if it stayed unresolved.
    """
    if conversation.rating is not None and conversation.rating <= LOW_RATING:
        drops["badly rated"] += 1
        return
    turns = _turns(conversation)
    if not any(role == "customer" and question_of(texts) for role, texts in turns):
        drops["no question"] += 1
        return
    failed = conversation.status in _FAILED
    if failed and not any(role == "agent" and _silent(texts) for role, texts in turns):
        drops["unresolved"] += 1
        return
    found = False
    for exchange in _answered(conversation, turns, failed, drops):
        found = True
        yield exchange
    if not found:
        drops["no decisive answer"] += 1


def _turns(conversation: Conversation) -> list[tuple[str, list[str]]]:
    """Messages of the same side in a row, together."""
    turns: list[tuple[str, list[str]]] = []
    for message in conversation.messages:
        if turns and turns[-1][0] == message.role:
            turns[-1][1].append(message.text)
        else:
            turns.append((message.role, [message.text]))
    return turns


def _answered(
    conversation: Conversation, turns: list[tuple[str, list[str]]], failed: bool, drops: Counter[str]
) -> Iterator[Exchange]:
    history: list[Message] = []
    asked: list[str] = []
    for i, (role, texts) in enumerate(turns):
        if role == "customer":
            asked += texts
            continue
        question = question_of(asked)
        if not question:
            continue
        sentences = tuple(s for text in texts for s in answer_sentences(text))
        if _not_yet(texts, sentences):
            continue  # asks back or looks it up: the customer's next message belongs to the question
        silent = _silent(texts)
        reason = _unfit(conversation, question, sentences, bool(history), silent)
        if not reason and _unhappy(turns, i):
            reason = "the customer objected"
        if not reason and failed and not silent:
            reason = "unresolved"
        if reason:
            drops[reason] += reason != "chatter"
        else:
            yield Exchange(
                f"{conversation.id}-{i}", language_of(question), question, sentences,
                tuple(history[-HISTORY_TURNS:]), conversation.customer_id, conversation.started_at,
                conversation.linked_article, silent, conversation.source, conversation.channel,
            )  # fmt: skip
        if reason in {"the customer objected", "vague"}:
            return  # what follows repairs a bad answer
        if sentences:
            history += [Message("user", question), Message("assistant", " ".join(sentences))]
        asked = []


def _not_yet(texts: list[str], sentences: tuple[str, ...]) -> bool:
    if not sentences:
        return True
    if len(sentences) == 1 and (_ASKS_BACK.search(sentences[0]) or _STALL.search(sentences[0])):
        return True
    facts = any(c.isdigit() for s in sentences for c in SURROGATE.sub("", s))
    asks = bool(_ASKS_BACK.search(texts[-1]))
    return asks and not facts and len(sentences) <= 2 and not _silent(texts)


def _unfit(
    conversation: Conversation, question: str, sentences: tuple[str, ...], follows: bool, silent: bool
) -> str:
    """Why this exchange teaches nothing; "" when it may."""
    language = language_of(question)
    answer = " ".join(sentences)
    words = len(set(terms(SURROGATE.sub("", question))))
    if follows and not _QUESTION.search(question):
        return "chatter"
    if words < (1 if follows or conversation.source == "faq" else MIN_QUESTION):
        return "vague question"
    if language_of(answer) != language or _foreign(question):
        return "wrong language"
    if _VAGUE.search(answer):
        return "vague"
    if len(question) > LONGEST[language] or len(answer) > LONGEST[language]:
        return "too long"
    if not silent and len(set(terms(answer))) < SHORTEST[language]:
        return "too short"
    return ""


def _silent(texts: list[str]) -> bool:
    """The agent says that nothing is known and hands the question on."""
    answer = " ".join(texts)
    return bool(_SILENT.search(answer) and (_PASSED_ON.search(answer)))


def _unhappy(turns: list[tuple[str, list[str]]], i: int) -> bool:
    after = turns[i + 1][1] if i + 1 < len(turns) else []
    return any(_UNHAPPY.search(text) for text in after)


_ENGLISH = re.compile(
    r"\b(?:the|a|an|i|my|me|you|your|we|it|is|are|was|do|does|did|can|to|of|for|and|in|on|how|what|when|"
    r"where|who|"
    r"why|which|not|no|have|has|with|this|that|from|if|or|at|be|will|would|need|want|order|return|get|"
    r"much)\b",
    re.IGNORECASE,
)


def _foreign(question: str) -> bool:
    """Neither English nor Chinese: four Latin words or more without one common English word."""
    return language_of(question) == "en" and len(question.split()) >= 4 and not _ENGLISH.search(question)
