"""The trainer's state, its lease, and the rules of training and publication."""
