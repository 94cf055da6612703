"""Where vectors are searched: FAISS, Qdrant, and the whitening that sets passages apart."""
