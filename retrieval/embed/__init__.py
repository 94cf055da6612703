"""Texts to vectors: the default embedder, hub models, tuned ones, and what remembers vectors."""
