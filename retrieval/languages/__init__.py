"""The languages that the program speaks: how a text is told to be in one, and cut into words."""
