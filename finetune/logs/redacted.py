"""A past conversation without personal data: its texts, its authors, and who its customer is."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from chatbot.privacy.redact import Memory, redact_dialogue
from finetune.logs.conversation import Conversation


def redact_conversation(conversation: Conversation, memory: Memory) -> Conversation:
    """All messages with one memory, without their authors; the customer's id is left as it is."""
    texts = redact_dialogue([(m.author, m.text) for m in conversation.messages], memory)
    messages = tuple(
        replace(message, text=text, author="")
        for message, text in zip(conversation.messages, texts, strict=True)
    )
    return replace(conversation, messages=messages)


def pseudonym(customer: str) -> str:
    """What stands for a customer in a data set: tells customers apart and says nothing about them."""
    return hashlib.sha256(customer.encode()).hexdigest()[:12] if customer else ""
