"""The bodies of the OpenAI protocol, as far as a customer-service chatbot needs them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ui.api.models import Source

ALIAS = "chatbot"  # a model name that stays when the model behind it is tuned again

_REQUEST: dict[str, Any] = {
    "model": ALIAS,
    "messages": [
        {"role": "user", "content": "I bought a lamp last week."},
        {"role": "assistant", "content": "How can I help with it?"},
        {"role": "user", "content": "How long can I return it?"},
    ],
    "stream": False,
}
_RESPONSE: dict[str, Any] = {
    "id": "chatcmpl-5b0a3c5e8d6a4f0f9f6f2f6f5d1c7e21",
    "object": "chat.completion",
    "created": 1772443800,
    "model": "default@1f3a9c",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "You can return it within 30 days of delivery [1]."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 21, "completion_tokens": 12, "total_tokens": 33},
    "sources": [
        {
            "n": 1,
            "article": "returns/return-window",
            "title": "How long can I return an item?",
            "heading": "Return window",
            "url": "https://shop.example/help/return-window",
            "quote": "You can return most items within 30 days of delivery.",
            "language": "en",
        }
    ],
}


class Part(BaseModel):
    """A part of a message; only text can be understood."""

    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    """One message; system and developer messages are accepted and left out, the policy is the shop's own."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part]

    @property
    def text(self) -> str:
        """The content as one text."""
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """`include_usage` adds a last chunk without choices that counts words."""

    include_usage: bool = False


class CompletionRequest(BaseModel):
    """A chat so far; the last message is the question. Sampling parameters are accepted and not used."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REQUEST]})
    model: str = ALIAS
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Annotated[int | None, Field(ge=1, le=1)] = None


class Answer(BaseModel):
    """The message that answers."""

    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    """The one answer that there is."""

    index: int = 0
    message: Answer
    finish_reason: Literal["stop"] = "stop"


class Usage(BaseModel):
    """Counted in words and Chinese characters: the engines' own tokens differ from each other."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """OpenAI's chat completion, with the passages that the answer cites in `sources`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RESPONSE]})
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    sources: list[Source]


class Delta(BaseModel):
    """What a chunk adds to the message."""

    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoice(BaseModel):
    """The one answer, as far as this chunk goes."""

    index: int
    delta: Delta
    finish_reason: Literal["stop"] | None


class Chunk(BaseModel):
    """A part of a streamed completion; what is not set is not sent."""

    id: str
    created: int
    model: str
    object: Literal["chat.completion.chunk"]
    choices: list[ChunkChoice]
    sources: list[Source] | None = None
    usage: Usage | None = None


class ModelCard(BaseModel):
    """A model that can be asked."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "chatbot"


class ModelList(BaseModel):
    """The models that can be asked: the lasting name first, then what stands behind it now."""

    object: Literal["list"] = "list"
    data: list[ModelCard]
