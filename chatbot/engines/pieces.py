"""Text out of tokens as they come, one whole character at a time."""

from __future__ import annotations

from collections.abc import Callable

BROKEN = "\ufffd"  # what a decoder writes for bytes that are not (yet) a character
LONGEST_CHARACTER = 8  # tokens; UTF-8 needs at most 4 bytes, so anything longer is broken for good


class Pieces:
    """Incremental detokenisation: `add` each token, join what comes back, and end with `rest`.

    Only a short window is decoded at each step: the tokens of the last piece, which decide about spaces, and
    those that followed it. A piece that ends in half a character is held back until the others are there; of
    one that is broken for good, only the end is.
    """

    def __init__(self, decode: Callable[[list[int]], str]) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._shown = 0  # how many of the tokens have been turned into text
        self._early = 0  # characters after those that have been shown nevertheless

    def add(self, token: int) -> str:
        """The text that this token completes; "" while a character is incomplete."""
        self._tokens.append(token)
        piece = self._pending()
        if not piece.endswith(BROKEN):
            self._tokens = self._tokens[self._shown :]
            self._shown, self._early = len(self._tokens), 0
            return piece
        if len(self._tokens) - self._shown < LONGEST_CHARACTER:
            return ""
        self._early += len(piece) - 1  # the last one may be the beginning of a character
        return piece[:-1]

    def rest(self) -> str:
        """What was held back, without a last half character."""
        return self._pending().rstrip(BROKEN)

    def _pending(self) -> str:
        before = self._decode(self._tokens[: self._shown])
        return self._decode(self._tokens)[len(before) + self._early :]
