"""Estimators of what a policy earns, from logged events."""
