"""Text out of tokens as they come, one whole character at a time."""

from __future__ import annotations

from collections.abc import Callable

BROKEN = "\ufffd"  # what a decoder writes for bytes that are not (yet) a character
LONGEST_CHARACTER = 8  # tokens; UTF-8 needs at most 4 bytes, so anything longer is broken for good


class Pieces:
    """Incremental detokenisation: `add` each token, join what comes back, and end with `rest`.

    Only a short window is decoded at each step: the tokens of the last piece, which decide about spaces, and
    those that followed it. A piece that ends in half a character is held back until the others are there.
    """

    def __init__(self, decode: Callable[[list[int]], str]) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._shown = 0  # how many of the tokens have been turned into text

    def add(self, token: int) -> str:
        """The text that this token completes; "" while a character is incomplete."""
        self._tokens.append(token)
        piece = self._pending()
        if piece.endswith(BROKEN) and len(self._tokens) - self._shown < LONGEST_CHARACTER:
            return ""
        self._tokens = self._tokens[self._shown :]
        self._shown = len(self._tokens)
        return piece

    def rest(self) -> str:
        """What was held back, without a last half character."""
        return self._pending().rstrip(BROKEN)

    def _pending(self) -> str:
        before = self._decode(self._tokens[: self._shown])
        return self._decode(self._tokens)[len(before) :]
