"""Rank: which action to show, and the record of why."""
