"""Passes over the log: events read back, learners run over them, policies judged."""
