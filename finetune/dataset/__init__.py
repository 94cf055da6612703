"""From past conversations to a data set: exchanges, their passages, splits without leaks, feedback."""
