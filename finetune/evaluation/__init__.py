"""Measurements: answers, models, redaction, search, and the reports of them."""
