"""The errors of a conversation: each message names what was wrong and what to do next."""


class ChatbotError(Exception):
    """Root of this package's errors; `code` is the stable machine name, `status` the HTTP status."""

    code = "chatbot_error"
    status = 500


class BadMessage(ChatbotError):
    """The customer's message cannot be taken: it is empty or has no letters."""

    code = "bad_message"
    status = 400


class MessageTooLong(BadMessage):
    """The customer's message is longer than the configured bound."""

    code = "message_too_long"
    status = 413


class UnknownConversation(ChatbotError):
    """No conversation has this id."""

    code = "unknown_conversation"
    status = 404


class UnknownTurn(ChatbotError):
    """No turn has this id."""

    code = "unknown_turn"
    status = 404


class ModelMissing(ChatbotError):
    """The named model is neither an embedded model, a model folder, nor something that can be loaded."""

    code = "model_missing"
    status = 503


class EngineFailed(ChatbotError):
    """The language model stopped working in the middle of a reply, or could not be reached."""

    code = "engine_failed"
    status = 503


class BadSettings(ChatbotError):
    """A setting has a value that cannot work."""

    code = "bad_settings"


class NothingPublished(ChatbotError):
    """There is no publication that could be undone."""

    code = "nothing_published"
    status = 409


class PublicationUnreadable(ChatbotError):
    """The file that names the published model is damaged."""

    code = "publication_unreadable"
    status = 503
