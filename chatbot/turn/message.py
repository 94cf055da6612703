"""One message of a conversation, as the model sees it."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """Who said what: `user` is the customer, `assistant` the bot or the agent."""

    role: Role
    content: str
