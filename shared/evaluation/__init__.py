"""Offline evaluations, feature importances and the search for learning settings that earn more."""
