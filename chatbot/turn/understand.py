"""What a message is: its language, and whether it is a question or something a template answers."""

from dataclasses import dataclass

from chatbot.turn.templates import Templates
from retrieval.languages.text import language_of, terms


@dataclass(frozen=True, slots=True)
class Reading:
    """`intent` is "question", "unclear" (no word carries meaning), or the name of the template that fits."""

    language: str
    intent: str


def understand(text: str, templates: Templates) -> Reading:
    """Read one message; cheap and without a model."""
    language = language_of(text)
    if template := templates.match(text):
        return Reading(language, template)
    return Reading(language, "question" if terms(text) else "unclear")
