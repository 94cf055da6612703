"""Training of the language model: recipe, trainer, checkpoints, trials, preferences."""
