"""One turn of a support conversation: understand, find, decide, generate, cite, record."""
