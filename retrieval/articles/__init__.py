"""What an article is, and how it gets in: files, exports and sites read, cut into passages."""
