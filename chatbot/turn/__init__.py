"""One turn: understand, query, search, decide, prompt, answer, evidence."""
