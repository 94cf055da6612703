"""The REST face: the OpenAI protocol, conversations with typed events, search and health."""
