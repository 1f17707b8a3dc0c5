"""Explanations: what the weights of a model say of an action, feature by feature, as Vowpal Wabbit adds it up."""
