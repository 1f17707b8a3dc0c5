"""Tests without storage or network."""
