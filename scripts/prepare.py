"""Build the embedded model before the first start, and say that it takes a while."""

from __future__ import annotations

import os
import sys

from chatbot.errors import ChatbotError
from chatbot.models import resolve_model
from chatbot.settings import load_settings


def main() -> None:
    """Nothing to do, and silent, when the model is there or is served by somebody else."""
    settings = load_settings()
    if settings.engine == "openai":
        return
    if not (settings.home / "models").is_dir():
        print("Preparing the model (once, about a minute) ...", flush=True)
        os.environ.setdefault("TQDM_DISABLE", "1")
    resolve_model(settings.model, settings.home)


if __name__ == "__main__":
    try:
        main()
    except ChatbotError as error:
        sys.exit(f"make: {error}")
