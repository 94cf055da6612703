"""From past conversations to a data set: candidates, their passages, parts without leaks, feedback."""
