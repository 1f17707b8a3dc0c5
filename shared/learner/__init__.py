"""Vowpal Wabbit: features to input, models, training, learning arguments. The only importer of it."""
