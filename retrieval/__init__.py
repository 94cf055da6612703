"""Find the passages of a knowledge base that answer a question, in English and Chinese."""
