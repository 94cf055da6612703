"""Search by words: BM25, n-grams for what is misspelt, synonyms of one company."""
