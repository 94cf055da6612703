"""Tuning of the search: retriever, reranker and fusion on a company's own questions."""
