"""Evaluating a policy: going once over a log, predicting each event before learning from it."""
