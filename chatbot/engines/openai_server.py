"""Any server that speaks OpenAI's chat protocol: vLLM, llama.cpp, Ollama, a hosted service."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, aclosing, nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chatbot.engine import ChatMessages, Engine, Generation
from chatbot.errors import EngineFailed
from chatbot.models.abstention import TOP, AbstentionPrior, FirstTokens

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 5.0
# Between two chunks. The first one of a long queue on a slow machine is the longest wait there is.
SILENCE_SECONDS = 120.0


class OpenAIEngine:
    """Streams POST <base_url>/chat/completions at temperature 0 (OpenAI API reference, "Chat completions").

    Closing the iterator closes the connection, on which servers such as vLLM stop the generation.
    `label` is the name in traces where it differs from the name the server knows.
    """

    def __init__(self, base_url: str, model: str, api_key: str = "", label: str = "") -> None:
        self.base_url = base_url.rstrip("/")
        self.model = label or model
        self._served = model
        self._api_key = api_key
        # A server does not tell how its model was tuned.
        self.abstention_prior: AbstentionPrior | None = None
        self._open_client: httpx.AsyncClient | None = None

    async def stream(
        self, messages: ChatMessages, max_tokens: int = 256, *, first_tokens: bool = False
    ) -> Generation:
        """Pieces of the answer as the server sends them. Raises EngineFailed."""
        import httpx

        body: dict[str, Any] = {
            "model": self._served,
            "messages": messages,
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
        }
        if first_tokens:
            body |= {"logprobs": True, "top_logprobs": TOP}
        try:
            async with self._client().stream(
                "POST", f"{self.base_url}/chat/completions", json=body
            ) as response:
                if response.is_error:
                    raise self._refusal(response.status_code, await response.aread())
                async with aclosing(self._pieces(_lines(response.aiter_bytes()), first_tokens)) as pieces:
                    async for piece in pieces:
                        yield piece
        except httpx.TimeoutException as error:
            raise EngineFailed(
                f"The model server at {self.base_url} has not answered in time; look at its load and its log."
            ) from error
        except httpx.ConnectError as error:
            raise self._unreachable() from error
        except httpx.HTTPError as error:
            raise self._broken(type(error).__name__) from error

    def lease(self, conversation_id: str) -> AbstractContextManager[Engine]:
        """Itself: there is one model."""
        return nullcontext(self)

    async def problem(self) -> str:
        """Asks for the list of models, which needs the address, the key and the server to be in order."""
        import httpx

        try:
            response = await self._client().get(f"{self.base_url}/models", timeout=CONNECT_SECONDS)
        except httpx.HTTPError:
            return str(self._unreachable())
        return str(self._refusal(response.status_code, response.content)) if response.is_error else ""

    async def disconnect(self) -> None:
        """Close the connections; generations under way end with EngineFailed, the next one opens others."""
        if self._open_client:
            client, self._open_client = self._open_client, None
            await client.aclose()

    async def aclose(self) -> None:
        """Close the connections: the server is not ours."""
        await self.disconnect()

    def _client(self) -> httpx.AsyncClient:
        """One client for all requests, made at the first, because importing httpx takes a tenth of a second.

        Proxies of the environment are for addresses outside this machine.
        """
        import httpx

        if self._open_client is None:
            self._open_client = httpx.AsyncClient(
                headers={"Authorization": f"Bearer {self._api_key}"} if self._api_key else {},
                timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS, pool=None),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
                trust_env=urlsplit(self.base_url).hostname not in ("127.0.0.1", "localhost", "::1"),
            )
        return self._open_client

    async def _pieces(self, lines: AsyncIterator[bytes], first_tokens: bool) -> Generation:
        """The deltas of server-sent events (WHATWG HTML, 9.2); a whole answer ends in a finish_reason."""
        finished = False
        async for line in lines:
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                return
            choice = self._choice(data)
            if first_tokens and (first := _first_tokens(choice)):
                yield first
                first_tokens = False
            piece = choice.get("delta", {}).get("content") or ""
            finished = finished or bool(choice.get("finish_reason"))
            if piece:
                first_tokens = False  # they come before the first piece or not at all
                yield piece
        if not finished:
            raise self._broken("the stream ended early")

    def _choice(self, data: bytes) -> dict[str, Any]:
        """The answer's part of one chunk; empty for a chunk that has none, such as that of usage figures."""
        try:
            chunk = json.loads(data)
        except ValueError:
            raise self._broken("a chunk is not JSON") from None
        if "error" in chunk:
            raise self._broken(_reason(chunk))
        choice: dict[str, Any] = chunk["choices"][0] if chunk.get("choices") else {}
        return choice

    def _refusal(self, status: int, content: bytes) -> EngineFailed:
        if status in (401, 403):
            return EngineFailed(f"The model server at {self.base_url} refuses the key; set CHATBOT_API_KEY.")
        if status == 404:
            return EngineFailed(
                f"The model server at {self.base_url} does not know the model {self._served!r}; "
                f"set CHATBOT_MODEL to one that {self.base_url}/models lists."
            )
        reason = _reason(_json(content)) or f"HTTP {status}"
        return EngineFailed(
            f"The model server at {self.base_url} refused the request ({reason}); see its log."
        )

    def _unreachable(self) -> EngineFailed:
        return EngineFailed(
            f"No model server answers at {self.base_url}; start it, or set CHATBOT_BASE_URL to where it is."
        )

    def _broken(self, reason: str) -> EngineFailed:
        return EngineFailed(
            f"The model server at {self.base_url} broke off during the answer ({reason}); ask again."
        )


def _first_tokens(choice: dict[str, Any]) -> FirstTokens | None:
    """The likeliest tokens at the first place of a chunk that carries log-probabilities."""
    places = (choice.get("logprobs") or {}).get("content") or []
    probabilities: dict[str, float] = {}
    for one in places[0].get("top_logprobs") or [] if places else []:
        before = probabilities.get(one["token"], 0.0)
        probabilities[one["token"]] = before + math.exp(one["logprob"])
    return FirstTokens(probabilities) if probabilities else None


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut at line feeds alone; httpx would also cut at U+2028 and U+0085, which JSON strings may hold."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
    if rest:
        yield rest


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return {}


def _reason(body: Any) -> str:
    """The message of an OpenAI error object: {"error": {"message": ...}} or just {"message": ...}."""
    if not isinstance(body, dict):
        return ""
    error = body.get("error", body)
    message = error.get("message", "") if isinstance(error, dict) else error
    return str(message).strip().partition("\n")[0].rstrip(".")
