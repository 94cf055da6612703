"""Which column of a support log means what, guessed from the columns' names and contents."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from finetune.logs.conversation import Party


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# In order of preference; a name is compared in lower case, without spaces, dashes and underscores.
NAMES: dict[str, tuple[str, ...]] = {
    "message": ("message", "text", "body", "content", "messagetext", "messagebody", "comment", "utterance",
                "description",
                "消息", "消息内容", "内容", "聊天内容", "正文", "对话内容"),
    "role": ("authorrole", "role", "senderrole", "sendertype", "authortype", "from", "speaker", "direction",
             "角色", "发送者角色", "发送者类型", "发送方", "说话人"),
    "author": ("author", "agent", "agentname", "assignee", "authorname", "sendername", "sender", "name",
               "客服姓名", "发送人", "发送者", "昵称", "坐席姓名"),
    "conversation": ("ticketid", "conversationid", "chatid", "sessionid", "threadid", "caseid", "dialogueid",
                     "ticket", "conversation", "session", "thread", "id",
                     "会话id", "会话编号", "会话", "工单号", "工单id", "工单编号", "对话id"),
    "customer": ("customerid", "userid", "requesterid", "contactid", "clientid", "customer", "requester",
                 "user", "客户id", "客户编号", "客户", "用户id", "买家id"),
    "customer_name": ("customername", "requestername", "contactname", "buyername", "clientname", "username",
                      "客户姓名", "客户名称", "买家昵称", "客户昵称", "买家姓名"),
    "at": ("createdat", "sentat", "timestamp", "datetime", "at", "time", "date", "startedat", "created",
           "时间", "发送时间", "创建时间", "日期"),
    "status": ("status", "state", "ticketstatus", "状态", "工单状态"),
    "rating": ("rating", "csat", "score", "satisfaction", "stars", "评分", "满意度", "评价"),
    "article": ("linkedarticle", "article", "articleid", "kbarticle", "helparticle", "关联文章", "文章"),
    "language": ("language", "lang", "locale", "语言"),
    "channel": ("channel", "source", "via", "渠道"),
    "question": ("question", "q", "query", "问题", "提问", "问", "标准问题"),
    "answer": ("answer", "a", "reply", "response", "答案", "回答", "回复", "答", "标准答案"),
    "messages": ("messages", "turns", "conversation", "dialogue", "dialog", "comments", "events", "history",
                 "消息列表", "对话"),
}  # fmt: skip

CUSTOMER_WORDS = _words(
    """
    customer user client  visitor enduser requester buyer consumer contact guest incoming inbound in
    c 客户 顾客 买家 用户 访客 会员
    """
)
AGENT_WORDS = _words(
    """
    agent support staff operator admin employee representative rep assistant outgoing outbound out a
    客服 人工客服 坐席 商家 卖家 店铺 人工
    """
)
OTHER_WORDS = _words(
    """
    system bot auto automation note internal trigger 系统 机器人 系统消息 备注
    """
)

MEANINGS = tuple(NAMES)
Meaning = Party | Literal["other"]


def plain(name: str) -> str:
    """A column's name without what exports disagree about."""
    return re.sub(r"[\s_\-./（）()]+", "", name).lower()


def by_name(columns: Sequence[str]) -> dict[str, str]:
    """From the meaning to the column that has one of its names."""
    known = {plain(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for meaning, names in NAMES.items():
        for name in names:
            if name in known and known[name] not in found.values():
                found[meaning] = known[name]
                break
    return found


def guess(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """From the meaning to the column, by name, then by contents for the message and the role."""
    found = by_name(columns)
    free = [column for column in columns if column not in found.values()]
    if "role" not in found:
        roles = [c for c in free if _only_roles([row[c] for row in rows])]
        found |= {"role": roles[0]} if roles else {}
    if "message" not in found and not {"question", "answer"} <= found.keys():
        prose = [c for c in free if c != found.get("role") and _prose([row[c] for row in rows])]
        if prose:
            found["message"] = max(prose, key=lambda c: sum(len(row[c]) for row in rows))
    return found


def role_of(value: str) -> Meaning | None:
    """Who a role word stands for; None when the word is unknown."""
    word = plain(value)
    if word in CUSTOMER_WORDS:
        return "customer"
    if word in AGENT_WORDS:
        return "agent"
    return "other" if word in OTHER_WORDS else None


def _only_roles(values: Sequence[str]) -> bool:
    meanings = {role_of(value) for value in values if value.strip()}
    return None not in meanings and {"customer", "agent"} <= meanings


def _prose(values: Sequence[str]) -> bool:
    """Several words in most cells: what people write, not a code or a name."""
    filled = [value for value in values if value.strip()]
    worded = [v for v in filled if v.count(" ") >= 3 or len(re.findall(r"[\u4e00-\u9fff]", v)) >= 5]
    return bool(filled) and len(worded) * 2 > len(filled)
