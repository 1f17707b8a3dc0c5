"""What a policy would have earned, estimated from a log: one estimator or interval a module."""
