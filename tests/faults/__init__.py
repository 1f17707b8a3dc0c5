"""Trouble, made on purpose."""
