"""One search: the question, what was said before, candidates, ranking, fusion, reranking, filters."""
