"""Records of Zendesk, Intercom and Chatwoot exports as rows with a list of messages."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

Row = Mapping[str, Any]
_NOTE, _EVENT, _BOT = "internal note", "event without words", "bot or system message"


def helpdesk_of(row: Row) -> str:
    """Which export a record is from: "zendesk", "intercom", "chatwoot", or "" for none of them."""
    if isinstance(row.get("ticket"), dict):
        row = {**row["ticket"], **row}
    if "conversation_parts" in row or (row.get("type") == "conversation" and "source" in row):
        return "intercom"
    if isinstance(row.get("comments"), list) and row.keys() & {
        "requester_id", "requester", "submitter_id", "assignee_id", "via", "ticket_form_id", "subject",
    }:  # fmt: skip
        return "zendesk"
    said = row.get("messages")
    if isinstance(said, list) and any(isinstance(m, dict) and "message_type" in m for m in said):
        return "chatwoot"
    return ""


def plain_row(row: Row, desk: str) -> dict[str, Any]:
    """The record with the names that other logs use; "left_out" lists why messages are missing."""
    return _DESKS[desk](row)


def _zendesk(row: Row) -> dict[str, Any]:
    if isinstance(row.get("ticket"), dict):
        row = {**row["ticket"], **row}
    asker = _id(row.get("requester")) or row.get("requester_id") or row.get("submitter_id")
    left: list[str] = []
    messages: list[dict[str, Any]] = []
    for said in _dicts(row.get("comments")):
        author = _dict(said.get("author"))
        text = said.get("plain_body") or _plain(said.get("body") or said.get("html_body"))
        if said.get("public") is False:
            left.append(_NOTE)
        elif not text:
            left.append(_EVENT)
        else:
            who = said.get("author_id") or _id(author)
            role = author.get("role") if author.get("role") in ("end-user", "agent", "admin") else ""
            customer = role == "end-user" or (not role and (who == asker or (who is None and not messages)))
            messages.append(_message(customer, text, said.get("created_at"), author.get("name")))
    if not messages and row.get("description"):
        messages.append(_message(True, _plain(row["description"]), row.get("created_at"), ""))
    score = row.get("satisfaction_rating")
    score = score.get("score") if isinstance(score, dict) else score
    assignee = _dict(row.get("assignee"))
    return _row(row, messages, left, asker, _name(row.get("requester")), assignee.get("name"),
                {"good": 5, "bad": 1}.get(str(score), ""), _via(row.get("via")))  # fmt: skip


def _intercom(row: Row) -> dict[str, Any]:
    left: list[str] = []
    messages: list[dict[str, Any]] = []
    parts = row.get("conversation_parts") or []
    parts = parts.get("conversation_parts", []) if isinstance(parts, dict) else parts
    source = _dict(row.get("source"))
    opening = {"created_at": row.get("created_at"), **source, "part_type": "comment"}
    people = row.get("contacts")
    people = _dicts(people.get("contacts") if isinstance(people, dict) else people)
    for part in [opening, *_dicts(parts)]:
        author = _dict(part.get("author"))
        text = _plain(part.get("body"))
        if part.get("part_type") == "note":
            left.append(_NOTE)
        elif not text:
            left.append(_EVENT)
        elif author.get("type") == "bot":
            left.append(_BOT)
        else:
            customer = author.get("type") in ("user", "lead", "contact", "visitor")
            messages.append(_message(customer, text, part.get("created_at"), author.get("name")))
    author = _dict(source.get("author"))
    rating = row.get("conversation_rating")
    person = people[0] if people else author
    return _row(row, messages, left, _id(person), _name(person), "",
                rating.get("rating") if isinstance(rating, dict) else "", source.get("type"))  # fmt: skip


def _chatwoot(row: Row) -> dict[str, Any]:
    left: list[str] = []
    messages: list[dict[str, Any]] = []
    rating: Any = ""
    for said in _dicts(row.get("messages")):
        sender = _dict(said.get("sender"))
        kind, text = str(said.get("message_type")), _plain(said.get("content"))
        values = said.get("content_attributes")
        values = values.get("submitted_values") if isinstance(values, dict) else None
        if isinstance(values, dict) and isinstance(values.get("csat_survey_response"), dict):
            rating = values["csat_survey_response"].get("rating") or rating
        if said.get("private"):
            left.append(_NOTE)
        elif kind in ("2", "activity", "3", "template") or sender.get("type") in (
            "agent_bot",
            "captain_assistant",
        ):
            left.append(_BOT)
        elif not text:
            left.append(_EVENT)
        else:
            messages.append(_message(kind in ("0", "incoming"), text, said.get("created_at"), _name(sender)))
    meta = _dict(row.get("meta"))
    contact = meta.get("sender") or row.get("contact") or {}
    return _row(row, messages, left, _id(contact) or row.get("contact_id"), _name(contact),
                _name(meta.get("assignee")), rating, meta.get("channel") or row.get("channel"))  # fmt: skip


_DESKS: dict[str, Callable[[Row], dict[str, Any]]] = {
    "zendesk": _zendesk, "intercom": _intercom, "chatwoot": _chatwoot,
}  # fmt: skip


def _row(
    row: Row, messages: list[dict[str, Any]], left: list[str], customer: Any, name: Any, agent: Any,
    rating: Any, channel: Any,
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": row.get("id"), "customer_id": customer, "customer_name": name, "agent": agent, "rating": rating,
        "created_at": row.get("created_at"), "status": row.get("status") or row.get("state") or "",
        "channel": channel if isinstance(channel, str) else "", "messages": messages, "left_out": left,
    }  # fmt: skip


def _message(customer: bool, text: str, at: Any, name: Any) -> dict[str, Any]:
    return {"role": "customer" if customer else "agent", "text": text, "at": at, "author": name or ""}


def _plain(body: Any) -> str:
    """Text of a body that may be HTML: a line for each block."""
    text = str(body or "")
    if "<" in text:
        text = re.sub(r"(?is)<(style|script).*?</\1>", "", text)
        text = re.sub(r"(?i)<br\s*/?>|</(?:p|div|li|tr|h\d|blockquote)>", "\n", text)
        text = re.sub(r"</?[A-Za-z!][^<>]*>", "", text)
    return re.sub(r"\n{3,}", "\n\n", html.unescape(text)).strip()


def _dicts(values: Any) -> list[Mapping[str, Any]]:
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _id(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else None


def _name(value: Any) -> str:
    return str(value.get("name") or "") if isinstance(value, dict) else ""


def _via(value: Any) -> str:
    return str(value.get("channel") or "") if isinstance(value, dict) else str(value or "")
