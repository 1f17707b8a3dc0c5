"""Exports, imports and deletes the model and the log."""
