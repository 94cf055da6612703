"""Sharing the processor: numeric threads that sleep while they wait, instead of spinning."""

from __future__ import annotations

import os


def share_cores() -> None:
    """Tell OpenMP (torch, faiss) to wait passively, unless the environment says otherwise.

    By default its threads spin until the slowest is done, which is quick only on cores with no other work:
    on two cores with other work the small model wrote 1 token/s spinning and 9 to 12 sleeping.
    Has an effect only before the first `import torch` or `import faiss` of the process (OpenMP 5.2, 21.7).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
