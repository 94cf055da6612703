"""From historical support logs to a tuned, evaluated and served dialogue model."""
