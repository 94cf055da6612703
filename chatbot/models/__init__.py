"""Model folders: where they come from, which one is published, what a first token tells."""
