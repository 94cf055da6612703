"""The one renderer: from question, history and passages to the messages every model sees.

Training, evaluation and serving all call `build_messages`, and every model that is tuned here carries
`CHAT_TEMPLATE`, so that a tuned model reads the same bytes wherever it runs. The order is policy, passages,
history, question: what is shared by many customers comes first, so that a prefix cache can keep it.
"""

import re
from collections.abc import Sequence

from chatbot.turn.message import Message
from chatbot.turn.speech import SPEECH
from retrieval.articles.passage import Passage

POLICY = {code: speech.policy for code, speech in SPEECH.items()}
ABSTENTION = {code: speech.abstention for code, speech in SPEECH.items()}

# Plain words instead of a model's own turn markers: a base model has often seen "Customer:" and "Agent:".
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m['role'] == 'system' %}{{ m['content'] }}\n\n"
    "{% elif m['role'] == 'user' %}Customer: {{ m['content'] }}\n"
    "{% else %}Agent:\n{{ m['content'] }}{{ eos_token }}\n{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}Agent:\n{% endif %}"
)

CITATION = re.compile(r"\s*\[\d{1,2}\]")
# Where a tokenizer would read a control token such as <eos>, </s>, <unused7> or <|im_end|>.
_CONTROL = re.compile(r"<(?=/?[a-z_]+\d*>|[|｜])")

PASSAGES = 3
HISTORY_TURNS = 4
HISTORY_CHARACTERS = 500


def build_messages(
    question: str, history: Sequence[Message], passages: Sequence[Passage], language: str
) -> list[dict[str, str]]:
    """Chat messages in OpenAI's form: one system message (policy, passages), history, the question.

    Control tokens that stand in an article or that a customer typed are written apart, so that they are text.
    """
    system = "\n\n".join([POLICY[language], *(_passage(n, p) for n, p in enumerate(passages, start=1))])
    messages = [{"role": "system", "content": system}]
    for message in history[-HISTORY_TURNS:]:
        said = _plain(_one_line(CITATION.sub("", message.content))[-HISTORY_CHARACTERS:])
        messages.append({"role": message.role, "content": said})
    messages.append({"role": "user", "content": _plain(_one_line(question))})
    return messages


def _passage(number: int, passage: Passage) -> str:
    return _plain(f"[{number}] {passage.context}\n{passage.text}".strip())


def _one_line(text: str) -> str:
    """On one line, so that a customer cannot write a line that looks like the agent's."""
    return re.sub(r"\s+", " ", text).strip()


def _plain(text: str) -> str:
    """Comes last, as cutting something out may put a control token together."""
    return _CONTROL.sub("< ", text)
