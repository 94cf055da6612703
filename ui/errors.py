"""What can go wrong in a face itself; each message says what to do next."""

from __future__ import annotations


class UiError(Exception):
    """Any error of this package."""


class PortTaken(UiError):
    """Another program listens on the port, or the address is not one of this machine's."""


class WorkIncomplete(UiError):
    """A command did a part of its work; what is missing has been shown."""
