"""Any server that speaks OpenAI's chat protocol: vLLM, llama.cpp, Ollama, a hosted service."""

from __future__ import annotations

import asyncio
import math
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chatbot.engine import ChatMessages, Engine, Generation
from chatbot.errors import EngineFailed
from chatbot.models.abstention import TOP, AbstentionPrior, FirstTokens

if TYPE_CHECKING:
    import httpx2
    from openai import APIError, APIStatusError, AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import ChoiceLogprobs

CONNECT_SECONDS = 5.0
# Until the stream begins, with all tries, and between two chunks. The first one of a long queue on a slow
# machine is the longest wait there is.
SILENCE_SECONDS = 120.0
TRIES_AGAIN = 2  # after a refused connection, 429 or 5xx; never once the stream has begun
NO_KEY = "none"  # the client wants one; it is not sent


class OpenAIEngine:
    """Streams POST <base_url>/chat/completions at temperature 0 (OpenAI API reference, "Chat completions").

    Closing the iterator closes the connection, on which servers such as vLLM stop the generation.
    `label` is the name in traces where it differs from the name the server knows.
    """

    def __init__(self, base_url: str, model: str, api_key: str = "", label: str = "") -> None:
        import openai  # noqa: F401 - takes a second, which the first customer should not wait

        self.base_url = base_url.rstrip("/")
        self.model = label or model
        self._served = model
        self._api_key = api_key
        # A server does not tell how its model was tuned.
        self.abstention_prior: AbstentionPrior | None = None
        self._open_client: AsyncOpenAI | None = None

    async def stream(
        self, messages: ChatMessages, max_tokens: int = 256, *, first_tokens: bool = False
    ) -> Generation:
        """Pieces of the answer as the server sends them. Raises EngineFailed."""
        from openai import APIError

        try:
            async with await self._begin(messages, max_tokens, first_tokens) as chunks:
                finished = False
                async for chunk in chunks:
                    choice = chunk.choices[0] if chunk.choices else None  # usage figures come without one
                    if not choice:
                        continue
                    if first_tokens and (first := _first_tokens(choice.logprobs)):
                        yield first
                        first_tokens = False
                    finished = finished or bool(choice.finish_reason)
                    if piece := choice.delta.content if choice.delta else None:
                        first_tokens = False  # they come before the first piece or not at all
                        yield piece
        except TimeoutError as error:
            raise self._late() from error
        except APIError as error:
            raise self._failure(error) from error
        except ValueError as error:
            raise self._broken("a chunk is not JSON") from error
        if not finished:
            raise self._broken("the stream ended early")

    def lease(self, conversation_id: str) -> AbstractContextManager[Engine]:
        """Itself: there is one model."""
        return nullcontext(self)

    async def problem(self) -> str:
        """Asks for the list of models, which needs the address, the key and the server to be in order."""
        from openai import APIError, APIStatusError

        asking = self._client().with_options(max_retries=0, timeout=CONNECT_SECONDS)
        try:
            await asking.models.list(extra_headers=self._headers())
        except APIStatusError as error:
            return str(self._refusal(error))
        except APIError:
            return str(self._unreachable())
        return ""

    async def disconnect(self) -> None:
        """Close the connections; generations under way end with EngineFailed, the next one opens others."""
        if self._open_client:
            client, self._open_client = self._open_client, None
            await client.close()

    async def aclose(self) -> None:
        """Close the connections: the server is not ours."""
        await self.disconnect()

    async def _begin(
        self, messages: ChatMessages, max_tokens: int, first_tokens: bool
    ) -> AsyncStream[ChatCompletionChunk]:
        asked: dict[str, Any] = {"model": self._served, "messages": messages, "max_tokens": max_tokens}
        if first_tokens:
            asked |= {"logprobs": True, "top_logprobs": TOP}
        async with asyncio.timeout(SILENCE_SECONDS):
            stream: AsyncStream[ChatCompletionChunk] = await self._client().chat.completions.create(
                **asked, temperature=0, stream=True, extra_headers=self._headers()
            )
            return stream

    def _client(self) -> AsyncOpenAI:
        """One client for all requests of an event loop.

        Proxies of the environment are for addresses outside this machine; what it says of OpenAI's own
        service is nothing that another server should learn.
        """
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

        if self._open_client is None:
            timeout = Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS, pool=None)
            self._open_client = AsyncOpenAI(
                api_key=self._api_key or NO_KEY,
                base_url=self.base_url,
                timeout=timeout,
                max_retries=TRIES_AGAIN,
                http_client=DefaultAsyncHttpxClient(
                    timeout=timeout,
                    trust_env=urlsplit(self.base_url).hostname not in ("127.0.0.1", "localhost", "::1"),
                ),
            )
            self._open_client.organization = self._open_client.project = None
        self._open_client.base_url = self.base_url  # a server that was started again has another port
        return self._open_client

    def _headers(self) -> dict[str, Any]:
        from openai import Omit

        return {"Authorization": f"Bearer {self._api_key}" if self._api_key else Omit()}

    def _failure(self, error: APIError) -> EngineFailed:
        """The sentence for what went wrong."""
        import httpx2
        from openai import APIConnectionError, APIStatusError, APITimeoutError

        if isinstance(error, APIStatusError):
            return self._refusal(error)
        if isinstance(error, APITimeoutError):
            return self._late()
        if isinstance(error, APIConnectionError):
            if isinstance(error.__cause__, httpx2.ConnectError):
                return self._unreachable()
            return self._broken(type(error.__cause__ or error).__name__)
        return self._broken(_reason({"error": error.body}))  # within the stream

    def _refusal(self, error: APIStatusError) -> EngineFailed:
        if error.status_code in (401, 403):
            return EngineFailed(f"The model server at {self.base_url} refuses the key; set CHATBOT_API_KEY.")
        if error.status_code == 404:
            return EngineFailed(
                f"The model server at {self.base_url} does not know the model {self._served!r}; "
                f"set CHATBOT_MODEL to one that {self.base_url}/models lists."
            )
        reason = _reason(_json(error.response)) or f"HTTP {error.status_code}"
        return EngineFailed(
            f"The model server at {self.base_url} refused the request ({reason}); see its log."
        )

    def _late(self) -> EngineFailed:
        return EngineFailed(
            f"The model server at {self.base_url} has not answered in time; look at its load and its log."
        )

    def _unreachable(self) -> EngineFailed:
        return EngineFailed(
            f"No model server answers at {self.base_url}; start it, or set CHATBOT_BASE_URL to where it is."
        )

    def _broken(self, reason: str) -> EngineFailed:
        return EngineFailed(
            f"The model server at {self.base_url} broke off during the answer ({reason}); ask again."
        )


def _first_tokens(logprobs: ChoiceLogprobs | None) -> FirstTokens | None:
    """The likeliest tokens at the first place of a chunk that carries log-probabilities."""
    places = (logprobs.content if logprobs else None) or []
    probabilities: dict[str, float] = {}
    for one in places[0].top_logprobs or [] if places else []:
        probabilities[one.token] = probabilities.get(one.token, 0.0) + math.exp(one.logprob)
    return FirstTokens(probabilities) if probabilities else None


def _json(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return {}


def _reason(body: Any) -> str:
    """The message of an OpenAI error object: {"error": {"message": ...}} or just {"message": ...}."""
    if not isinstance(body, dict):
        return ""
    error = body.get("error", body)
    message = error.get("message", "") if isinstance(error, dict) else error
    return str(message).strip().partition("\n")[0].rstrip(".")
