"""The model and the log: out of the loop, and forgotten by it."""
